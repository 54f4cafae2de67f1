"""The errors that a user can cause and mend.

A `DuettoError` carries one message of one to three plain sentences: what was found, what was
expected, what to do. Entry points print the message alone (no traceback) and exit with status 2.
Anything else that escapes is a bug of ours and keeps its traceback.
"""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from duetto.signals import answer_signals

EXIT_USER_ERROR = 2


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


class DownloadError(DuettoError):
    """Weights could not be fetched: no network, no such file there, or an answer that is something else."""


class StorageError(DuettoError):
    """A folder cannot be written: read-only, full, or not a folder."""


class DivergedError(DuettoError):
    """A loss or a gradient is not finite; every process of a training raises it at the same step."""


class ProcessLostError(DuettoError):
    """One of the processes that train together has ended."""


class MemoryShortageError(DuettoError):
    """The machine, or a limit, does not give the memory that the work needs."""


# What torch, ONNX Runtime, CUDA and oneDNN say.
OUT_OF_MEMORY = ("allocate memory", "not enough memory", "bad_alloc", "out of memory", "could not create a primitive")


@contextmanager
def memory_shortage_told() -> Iterator[None]:
    """Turn what Python and libraries raise for want of memory into one error; everything else passes.

    Raises:
        MemoryShortageError: In place of it.
    """
    try:
        yield
    except DuettoError:
        raise
    except Exception as error:  # ONNX Runtime's own derive from no other class
        if not isinstance(error, MemoryError) and not any(words in str(error).lower() for words in OUT_OF_MEMORY):
            raise
        raise MemoryShortageError(
            "There is not enough memory. Close other programs, lift the limit (ulimit -v), or ask for less at once: "
            "a smaller trainer.batch_size, fewer workers, a smaller chunk_s. What is done is kept."
        ) from error


@contextmanager
def report_errors(is_last: bool = True) -> Iterator[None]:
    """Print a `DuettoError` as one sentence and exit with status 2, or pass it on when more is to come.

    SIGTERM and Ctrl-C are one sentence too (`duetto.signals`). Bugs keep their traceback.
    """
    with answer_signals():
        try:
            with memory_shortage_told():
                yield
        except DuettoError as error:
            print_error(error)
            if not is_last:
                raise
            sys.exit(EXIT_USER_ERROR)


def print_error(error: DuettoError) -> None:
    """One line on stderr (and the traceback when DUETTO_TRACEBACK is set)."""
    if os.environ.get("DUETTO_TRACEBACK"):
        traceback.print_exception(error)
    sys.stderr.write(f"error: {error}\n")
