"""Whether weights are to the last bit what was written: SHA-256 in a card or beside them, compared when they are read.

A voice's card holds `digests`, by file name. A folder of checkpoints, whose files change names, holds digests.json.
Files that an earlier version wrote have no digest and are taken as they are.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from duetto.errors import CheckpointError, StorageError
from duetto.storage.files import read_json, sha256_file, write_json

CARD_FIELD = "digests"
DIGESTS_NAME = "digests.json"
TRAINING = "checkpoints"  # entry of all checkpoints of a training together
KEPT = 3  # of those: the newest, the last and the one before may be there at once


def digests_of(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of files, by name."""
    return {path.name: sha256_file(path) for path in sorted(paths)}


def recorded_digests(card: Any) -> dict[str, str]:
    """The digests in a card; empty for one of an earlier version."""
    found = card.get(CARD_FIELD) if isinstance(card, Mapping) else None
    return {str(name): str(digest) for name, digest in found.items()} if isinstance(found, Mapping) else {}


def digests_beside(card: Path) -> dict[str, str]:
    """The digests in a card file; empty where there is none.

    Raises:
        StorageError: If it is there and cannot be read.
    """
    return recorded_digests(read_json(card)) if card.is_file() else {}


def require_undamaged(path: Path, digests: Mapping[str, str], remedy: str) -> None:
    """Pass if a file has the digest that was recorded for it, or none was.

    Args:
        path: The file; there.
        digests: By file name.
        remedy: Last sentence of the message: what to do.

    Raises:
        CheckpointError: If its content is another.
    """
    wanted = digests.get(path.name)
    if wanted is not None and sha256_file(path) != wanted:
        raise CheckpointError(f"{path} is damaged or truncated: its SHA-256 is not the one that was recorded. {remedy}")


def note_checkpoint(folder: Path, temporary: Path, others: Iterable[Path]) -> None:
    """Write down the digest of a checkpoint before it gets its name.

    Args:
        folder: Of the checkpoints.
        temporary: The new one.
        others: Those that are there, for the first time that digests are written down.
    """
    noted = _noted(folder)
    known = noted.get(TRAINING) or [sha256_file(path) for path in others if path.is_file()]
    _note(folder, {**noted, TRAINING: [sha256_file(temporary), *known][:KEPT]})


def note_weights(path: Path, temporary: Path) -> None:
    """Write down the digest of other weights in a folder of checkpoints before they get their name."""
    noted = {
        name: kept for name, kept in _noted(path.parent).items() if name == TRAINING or (path.parent / name).exists()
    }
    _note(path.parent, {**noted, path.name: [sha256_file(temporary)]})


def is_noted(path: Path, entry: str) -> bool | None:
    """Whether a file in a folder of checkpoints is what was written; None = nobody wrote down what that was."""
    known = _noted(path.parent).get(entry)
    return None if not known else sha256_file(path) in known


def _noted(folder: Path) -> dict[str, list[str]]:
    with suppress(StorageError):  # of an earlier version, or damaged: nothing is known
        values = read_json(folder / DIGESTS_NAME)
        if isinstance(values, dict):
            return {name: [str(each) for each in kept] for name, kept in values.items() if isinstance(kept, list)}
    return {}


def _note(folder: Path, values: dict[str, list[str]]) -> None:
    write_json(folder / DIGESTS_NAME, values)
