"""A listing of the frame counts beside the feature files, so that none is opened only to be counted.

Every folder of the cache has a listing of its files. An entry counts as long as its file's size and time of change are
those that were listed; any other file has to be read and checked once. Two processes may lose each other's entries,
which only costs another read.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

from duetto.errors import StorageError
from duetto.storage.files import read_json, write_json

LISTING = "listing.json"  # {file name: [bytes, time of change in ns, frames]}


def listed_frames(paths: Iterable[Path]) -> dict[Path, int]:
    """Frames of the files that are there, listed, and unchanged since."""
    frames: dict[Path, int] = {}
    for folder, members in _by_folder(paths):
        entries = _read(folder)
        for path in members:
            state = _state(path)
            if state is not None and entries.get(path.name, [])[:2] == state:
                frames[path] = int(entries[path.name][2])
    return frames


def list_frames(frames: Mapping[Path, int]) -> None:
    """Add files, which were just read or written, to the listings of their folders."""
    for folder, members in _by_folder(frames):
        added = {path.name: [*state, frames[path]] for path in members if (state := _state(path)) is not None}
        kept = {name: entry for name, entry in _read(folder).items() if (folder / name).is_file()}
        with suppress(StorageError):  # a cache that may only be read: its files are read again next time
            write_json(folder / LISTING, {**kept, **added})


def _by_folder(paths: Iterable[Path]) -> Iterable[tuple[Path, Iterable[Path]]]:
    return groupby(sorted(set(paths)), key=lambda path: path.parent)


def _read(folder: Path) -> dict[str, Any]:
    try:
        entries = read_json(folder / LISTING)
    except StorageError:  # missing or damaged: made again
        return {}
    return entries if isinstance(entries, dict) else {}


def _state(path: Path) -> list[int] | None:
    """Size and time of change; None when there is no such file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return [status.st_size, status.st_mtime_ns]
