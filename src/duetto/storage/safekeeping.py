"""Copies of a folder on a second disk that may vanish or be slow, such as a mounted Google Drive, while it changes.

A file is copied under a temporary name and renamed, so that the copy of a file is whole at any moment. Nothing is
locked: such file systems know no locks.
"""

import logging
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)

PARTIAL = ".partial"
LEFT_OUT = ("wandb", "conversions", "previous.ckpt", ".lock")  # large, made again in no time, or of this process


def copy_changed(folder: Path, place: Path) -> list[Path]:
    """Copy the files that `place` lacks or has in another size or of another time; the copies, sorted.

    Args:
        folder: May change meanwhile; a file that vanishes is left out, one that changes is copied again next time.
        place: Made if it does not exist; nothing is removed there.

    Raises:
        OSError: If a copy cannot be written.
    """
    copied = []
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if any(part in LEFT_OUT or part.startswith(".") for part in inner.parts):
            continue
        try:
            if path.is_file() and _differs(path, place / inner):
                _copy(path, place / inner)
                copied.append(place / inner)
        except FileNotFoundError:
            if path.exists():
                raise
    return copied


@contextmanager
def kept(folder: Path, place: Path, every_s: float) -> Iterator[None]:
    """While the block runs, copy what changed every `every_s` seconds, and once more at its end, however it ends."""
    ended = threading.Event()

    def keep() -> None:
        while not ended.wait(every_s):
            try:
                copy_changed(folder, place)
            except OSError as error:
                logger.warning("%s could not be copied to %s (%s); it is tried again.", folder, place, error)

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        copy_changed(folder, place)


def _differs(path: Path, copy: Path) -> bool:
    if not copy.is_file():
        return True
    ours, theirs = path.stat(), copy.stat()
    return ours.st_size != theirs.st_size or abs(ours.st_mtime - theirs.st_mtime) > 1.0


def _copy(path: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    temporary = copy.with_name(f"{copy.name}{PARTIAL}")
    try:
        shutil.copy2(path, temporary)
        temporary.replace(copy)
    finally:
        temporary.unlink(missing_ok=True)
