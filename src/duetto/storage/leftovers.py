"""What a killed process was writing lies under a temporary name; the next command that owns the folder removes it.

A file that is being written is held (`duetto.storage.files.hold`), by this machine or another that shares the disk, so
a temporary file that nobody holds belongs to nobody. The newest are left alone: they may not be held yet.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from duetto.storage.files import TEMPORARY, hold

MIN_AGE_S = 10.0  # since the last change; far longer than from the making of a file to its lock


def sweep_leftovers(folder: Path, in_subfolders: bool = True) -> int:
    """Remove what killed processes left in a folder; how many files that were.

    What cannot be removed stays: the command that comes here has other work, and says so if it cannot write.
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
