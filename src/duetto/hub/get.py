"""Weights by name: from the cache, else from the hub, else from a file that the user has; checked every time."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from duetto.errors import CheckpointError, DuettoError
from duetto.hub.cache import cache_folder, check_file, place_of, record, recorded
from duetto.hub.download import download
from duetto.hub.table import PublicWeights, find_weights, public_weights
from duetto.storage.files import atomic_path
from duetto.storage.locks import in_turn

NAME = "hub"  # in place of a path, in settings: what the table has for this purpose


@dataclass(frozen=True)
class Held:
    """What is in the cache under a name."""

    row: PublicWeights
    path: Path | None  # None = it is not there
    fault: str = ""  # why it cannot be used; empty if it can, or is not there


def get_weights(name: str, again: bool = False) -> Path:
    """The file of a name, with what belongs beside it; downloaded if it is not in the cache.

    Args:
        name: Of the table.
        again: Download it even if it is there, as for one that is damaged.

    Raises:
        ConfigError: If there is no such name.
        DownloadError: If it has to be downloaded and cannot be.
        CheckpointError: If its digest or size is not the one of the table or of its first use.
        StorageError: If the cache cannot be written.
    """
    row = find_weights(name)
    if row.companion is not None:
        _get(row.companion, again)
    return _get(row, again)


def _get(row: PublicWeights, again: bool) -> Path:
    place = place_of(row)
    if place.is_file() and not again:
        _accept(row, place, str(place))
        return place
    with _alone(row):
        if again or not place.is_file():  # another process may have been faster
            place.unlink(missing_ok=True)
            _accept(row, place, download(row, place), is_new=True)
    return place


def add_weights(name: str, file: Path) -> Path:
    """Copy a file of the user into the cache under a name, after the same checks as for a download.

    A file that belongs beside it is taken from the same folder.

    Raises:
        ConfigError: If there is no such name.
        CheckpointError: If the file is not there, or is not what the name stands for.
        StorageError: If the cache cannot be written.
    """
    row = find_weights(name)
    if not file.is_file():
        raise CheckpointError(f"There is no file {file}. Give the {Path(row.file).name} of {row.repository}.")
    if row.companion is not None:
        beside = file.with_name(Path(row.companion.file).name)
        if not beside.is_file():
            raise CheckpointError(f"{name} needs the {beside.name} that it came with. Put it beside {file}.")
        _add(row.companion, beside)
    return _add(row, file)


def _add(row: PublicWeights, file: Path) -> Path:
    digest, place = check_file(row, file), place_of(row)
    with _alone(row), atomic_path(place) as temporary:
        shutil.copyfile(file, temporary)
    record(row, digest, file.stat().st_size, f"added from {file.absolute()}")
    return place


def held(name: str) -> Held:
    """What the cache holds under a name, checked; nothing is downloaded or written.

    Raises:
        ConfigError: If there is no such name.
    """
    row = find_weights(name)
    place = place_of(row)
    if not place.is_file():
        return Held(row, None)
    try:
        check_file(row, place)
    except DuettoError as error:
        return Held(row, place, str(error))
    return Held(row, place)


def all_held() -> list[Held]:
    """The same for every row of the table."""
    return [held(row.name) for row in public_weights()]


def _accept(row: PublicWeights, place: Path, origin: str, is_new: bool = False) -> None:
    """Check a file and record its digest; a download that fails the check does not stay."""
    try:
        digest = check_file(row, place)
    except CheckpointError:
        if is_new:
            place.unlink(missing_ok=True)
        raise
    if recorded(row) is None and not (row.is_pinned and not is_new):
        record(row, digest, place.stat().st_size, origin)


@contextmanager
def _alone(row: PublicWeights) -> Iterator[None]:
    """Keep a second process waiting until the first has the file."""
    with in_turn(cache_folder() / f".{row.name}.lock"):
        yield
