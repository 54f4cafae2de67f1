"""Removes temporary files of killed processes; the next command that owns a folder calls this.

A file that is being written is held, by this machine or another that shares the disk, so a temporary file that nobody
holds belongs to nobody. The newest are left alone: they may not be held yet. Whoever writes into a folder removes what
lies in it first (`tidy`); a command whose folders may be complete already looks through them itself.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TEMPORARY = ".part."  # begins the names of files that are being written; PyTorch wants a dot after a first part
MIN_AGE_S = 10.0  # since the last change; far longer than from the making of a file to its lock


def hold(handle: int) -> bool:
    """Lock an open file until it is closed, which a process that ends does; False = somebody else holds it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


@cache
def tidy(folder: Path) -> None:
    """Remove what killed processes left in a folder, before the first file that this process writes there."""
    sweep_leftovers(folder, in_subfolders=False)


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
