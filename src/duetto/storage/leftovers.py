"""Removes temporary files of killed processes; the next command that owns a folder calls this.

A file that is being written is locked (`duetto.storage.files.hold`), by this machine or another that shares the disk,
so a temporary file without a lock is abandoned. The newest are left alone: they may not be locked yet.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from duetto.storage.files import TEMPORARY, hold

MIN_AGE_S = 10.0  # since the last change; far longer than the time between creating and locking a file


def sweep_leftovers(folder: Path, in_subfolders: bool = True) -> int:
    """Remove the temporary files of killed processes from a folder, and return their number.

    Files that cannot be removed are left; a command that cannot write reports that itself.
    """
    before = time.time() - MIN_AGE_S
    return sum(_remove(path, before) for path in _temporaries(folder, in_subfolders))


def _temporaries(folder: Path, in_subfolders: bool) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        if not in_subfolders:
            folders.clear()
        yield from (Path(place, name) for name in names if name.startswith(TEMPORARY))


def _remove(path: Path, before: float) -> bool:
    try:
        if path.lstat().st_ctime > before:
            return False
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        if not hold(handle):
            return False
        path.unlink()
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
