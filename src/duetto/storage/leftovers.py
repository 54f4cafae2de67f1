"""Removes temporary files of killed processes; the next command that owns a folder calls this.

A file that is being written is held, by this machine or another that shares the disk, so a temporary file that nobody
holds belongs to nobody. The newest are left alone: they may not be held yet. Where the file system has no locks, only
those go that nobody has touched for a day. Ages are measured by the clock that dates the files, which may be another
machine's. Whoever writes into a folder removes what lies in it first (`tidy`); a command whose folders may be complete
already looks through them itself.
"""

import os
import secrets
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from duetto.storage.flock import hold

TEMPORARY = ".part."  # begins the names of files that are being written; PyTorch wants a dot after a first part
MIN_AGE_S = 10.0  # since the last change; far longer than from the making of a file to its lock
UNLOCKED_AGE_S = 86_400.0  # the same where the file system has no locks; longer than anything is being written


@cache
def tidy(folder: Path) -> None:
    """Remove what killed processes left in a folder, before the first file that this process writes there."""
    sweep_leftovers(folder, in_subfolders=False)


def sweep_leftovers(folder: Path, in_subfolders: bool = True) -> int:
    """Remove the temporary files of killed processes from a folder, and return their number.

    Files that cannot be removed are left; a command that cannot write reports that itself.
    """
    found = list(_temporaries(folder, in_subfolders))
    now_s = _time_of(folder) if found else None
    return 0 if now_s is None else sum(_remove(path, now_s) for path in found)


def _temporaries(folder: Path, in_subfolders: bool) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        if not in_subfolders:
            folders.clear()
        yield from (Path(place, name) for name in names if name.startswith(TEMPORARY))


def _time_of(folder: Path) -> float | None:
    """The time by the clock that dates files of a folder; None if nothing can be written there."""
    probe = folder / f"{TEMPORARY}{secrets.token_hex(8)}"
    try:
        os.close(os.open(probe, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        now_s = probe.lstat().st_ctime
        probe.unlink()
    except OSError:
        return None
    return now_s


def _remove(path: Path, now_s: float) -> bool:
    try:
        age_s = now_s - path.lstat().st_ctime
        if age_s < MIN_AGE_S:
            return False
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        is_free = hold(handle)
        if is_free is False or (is_free is None and age_s < UNLOCKED_AGE_S):
            return False
        path.unlink()
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
