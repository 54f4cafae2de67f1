"""The errors that a user can cause and mend.

A `DuettoError` carries one message of one to three plain sentences: what was found, what was
expected, what to do. Entry points print the message alone (no traceback) and exit with status 2.
Anything else that escapes is a bug of ours and keeps its traceback.
"""


class DuettoError(Exception):
    """Something outside the code is not as expected; the message says what to do."""


class AudioError(DuettoError):
    """An audio file cannot be read, or its content cannot be used."""


class ScoreError(DuettoError):
    """A score file is malformed, hostile or asks for something that cannot be sung."""


class CorpusError(DuettoError):
    """A corpus folder, manifest or consent record is missing, damaged or not permitted."""


class ConfigError(DuettoError):
    """A setting is unknown, out of range or contradicts another."""


class CheckpointError(DuettoError):
    """A checkpoint, index or weights file is missing, truncated, hostile or of another shape."""


class StorageError(DuettoError):
    """A folder cannot be written: read-only, full, or not a folder."""
