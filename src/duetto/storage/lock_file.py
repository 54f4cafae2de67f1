"""The file of a lock: made by one process of all machines, counted up in, replaced when its owner is dead, removed.

It is made whole under another name and linked into place, which succeeds once, on NFS too. A takeover replaces it,
guarded by a folder named after the dead owner, which one process can make. An owner that was taken for dead and was
only asleep sees another file in the place of its own; its process is then interrupted, as by Ctrl-C.
"""

import _thread
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from duetto.storage.flock import hold
from duetto.storage.leftovers import TEMPORARY
from duetto.storage.lock_owner import MAX_BYTES, Owner, this_process

BEAT_S = 5.0  # between two counts
GUARD_S = 120.0  # without a change, after which a takeover was killed itself

logger = logging.getLogger(__name__)


class LockFile:
    """One holding of a lock, or the attempt."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.owner = this_process()
        self._handle: int | None = None  # open while the lock is held
        self._ended = threading.Event()
        self._guard = threading.Lock()  # of the handle, against the thread that counts

    def make(self) -> bool:
        """Make the file if there is none; whether this process did.

        Raises:
            OSError: If the folder cannot be written.
        """
        if os.path.lexists(self.path):
            return False
        with self._written() as (temporary, handle):
            try:
                os.link(temporary, self.path)
            except OSError:  # it is there; or a network lost the answer; or there are no hard links
                if os.fstat(handle).st_nlink < 2 and not self._make_exclusively(handle):
                    return False
            self._handle = handle
            return True

    def take(self, handle: int, record: bytes, dead: Owner | None, silent_s: float) -> bool:
        """Put our file in the place of a dead owner's; whether this process was the one to do so.

        Args:
            handle: Of the dead owner's file.
            record: What it held when it was judged.
            dead: The owner in it.
            silent_s: For how long it has not changed.

        Raises:
            OSError: If the folder cannot be written.
        """
        name = str(os.fstat(handle).st_ino) if dead is None else dead.token
        guard = self.path.with_name(f"{self.path.name}.{name}.taken")
        try:
            guard.mkdir()
        except FileExistsError:
            if silent_s > GUARD_S:
                guard.rmdir()
            return False
        try:
            if not is_at(self.path, handle) or os.pread(handle, MAX_BYTES, 0) != record:
                return False
            with self._written() as (temporary, own):
                temporary.replace(self.path)
                self._handle = own
            return True
        finally:
            with suppress(OSError):
                guard.rmdir()

    def keep_counting(self) -> None:
        """Count up until the lock is released."""
        threading.Thread(target=self._count, name="duetto-lock", daemon=True).start()

    def remove(self) -> None:
        """Let the next one have it; nothing if it is not held."""
        self._ended.set()
        with self._guard:
            handle, self._handle = self._handle, None
        if handle is None:
            return
        try:
            if is_at(self.path, handle):
                self.path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("The lock %s could not be removed: %s", self.path, error)
        finally:
            os.close(handle)

    def _make_exclusively(self, handle: int) -> bool:
        """Make it on a file system without hard links, where it is not whole for a moment; `handle` becomes its."""
        try:
            made = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            return False
        os.dup2(made, handle, inheritable=False)
        os.close(made)
        if hold(handle) is False:
            return False
        self._write(handle, 0)
        return is_at(self.path, handle)

    @contextmanager
    def _written(self) -> Iterator[tuple[Path, int]]:
        """A new file with the record; it stays open if it became the lock's."""
        temporary = self.path.with_name(f"{TEMPORARY}{self.owner.token}")
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            hold(handle)
            self._write(handle, 0)
            yield temporary, handle
        finally:
            if self._handle != handle:
                os.close(handle)
            temporary.unlink(missing_ok=True)

    def _write(self, handle: int, count: int) -> None:
        os.pwrite(handle, self.owner.record(count), 0)
        os.fsync(handle)

    def _count(self) -> None:
        count = 0
        while not self._ended.wait(BEAT_S):
            count += 1
            with self._guard, suppress(OSError):  # a network that is away for a moment
                if self._handle is None:
                    return
                if os.path.lexists(self.path) and not is_at(self.path, self._handle):
                    logger.error("Another process took over %s from this one, which it took for dead.", self.path)
                    _thread.interrupt_main()
                    return
                self._write(self._handle, count)


def is_at(path: Path, handle: int) -> bool:
    """Whether an open file still is the one at a path."""
    try:
        there = path.lstat()
    except FileNotFoundError:
        return False
    ours = os.fstat(handle)
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
