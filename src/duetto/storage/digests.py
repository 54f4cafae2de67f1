"""Integrity of weights: SHA-256 digests in a card or beside the files, compared on reading.

A voice's card holds `digests`, by file name. A folder of checkpoints, whose files are renamed, holds digests.json.
Files from earlier versions have no digest and are not checked.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from duetto.errors import CheckpointError, StorageError
from duetto.storage.files import read_json, sha256_file, write_json

CARD_FIELD = "digests"
DIGESTS_NAME = "digests.json"
TRAINING = "checkpoints"  # the entry shared by all checkpoints of a training
KEPT = 3  # digests in it: the newest, the last and the previous checkpoint may exist at once


def digest_while_unchanged(path: Path) -> str:
    """SHA-256 of a large file; in one process it is read again only if its size or time of change differ."""
    status = path.stat()
    return _digest(os.fspath(path.resolve()), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _digest(path: str, _size: int, _changed_ns: int) -> str:
    return sha256_file(Path(path))


def digests_of(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of files, by name."""
    return {path.name: sha256_file(path) for path in sorted(paths)}


def recorded_digests(card: Any) -> dict[str, str]:
    """The digests in a card; empty for a card from an earlier version."""
    found = card.get(CARD_FIELD) if isinstance(card, Mapping) else None
    return {str(name): str(digest) for name, digest in found.items()} if isinstance(found, Mapping) else {}


def digests_beside(card: Path) -> dict[str, str]:
    """The digests in a card file; empty if there is no file.

    Raises:
        StorageError: If it exists and cannot be read.
    """
    return recorded_digests(read_json(card)) if card.is_file() else {}


def require_undamaged(path: Path, digests: Mapping[str, str], remedy: str) -> None:
    """Check a file against its recorded digest, if there is one.

    Args:
        path: The file, which exists.
        digests: By file name.
        remedy: Last sentence of the message: what to do.

    Raises:
        CheckpointError: If its digest differs.
    """
    wanted = digests.get(path.name)
    if wanted is not None and sha256_file(path) != wanted:
        raise CheckpointError(f"{path} is damaged or truncated: its SHA-256 is not the one that was recorded. {remedy}")


def note_checkpoint(folder: Path, temporary: Path, others: Iterable[Path]) -> None:
    """Record the digest of a checkpoint before it is renamed into place.

    Args:
        folder: Of the checkpoints.
        temporary: The new checkpoint.
        others: The existing ones, whose digests are recorded if none have been so far.
    """
    noted = _noted(folder)
    known = noted.get(TRAINING) or [sha256_file(path) for path in others if path.is_file()]
    _note(folder, {**noted, TRAINING: [sha256_file(temporary), *known][:KEPT]})


def note_weights(path: Path, temporary: Path) -> None:
    """Record the digest of other weights in a folder of checkpoints before they are renamed into place."""
    noted = {
        name: kept for name, kept in _noted(path.parent).items() if name == TRAINING or (path.parent / name).exists()
    }
    _note(path.parent, {**noted, path.name: [sha256_file(temporary)]})


def is_noted(path: Path, entry: str) -> bool | None:
    """Whether a file in a folder of checkpoints matches its recorded digest; None = there is no record."""
    known = _noted(path.parent).get(entry)
    return None if not known else sha256_file(path) in known


def _noted(folder: Path) -> dict[str, list[str]]:
    with suppress(StorageError):  # from an earlier version, or damaged: no record
        values = read_json(folder / DIGESTS_NAME)
        if isinstance(values, dict):
            return {name: [str(each) for each in kept] for name, kept in values.items() if isinstance(kept, list)}
    return {}


def _note(folder: Path, values: dict[str, list[str]]) -> None:
    write_json(folder / DIGESTS_NAME, values)
