"""One process at a time, of all machines that share a folder; also where the file system has no locks.

A lock is a file that names its owner: host, process, job of a batch system, and a count that the owner keeps raising
(`duetto.storage.lock_file`). Whether the owner of a file that is there still lives (`duetto.storage.lock_signs`):

- Another process holds the system's lock of the file: it lives.
- It is of this machine: its process number tells.
- Else its count is watched. If it moves, the owner lives. If it stands still although the system's lock is free, the
  owner was killed, and its lock is taken. Without locks of the system that is only likely: it is told, and the lock is
  taken where DUETTO_STALE_LOCKS=take says so, or where two at once would do no harm, as in a cache.
"""

import logging
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from duetto.errors import ConfigError, StorageError
from duetto.storage.files import make_folder, storage_error
from duetto.storage.flock import hold
from duetto.storage.lock_file import LockFile, is_at
from duetto.storage.lock_owner import MAX_BYTES, Owner, owner_in
from duetto.storage.lock_signs import SILENT_S, Verdict, Watch, verdict_on

STALE_VARIABLE = "DUETTO_STALE_LOCKS"
PAUSES_S = (0.02, 1.0)  # between two looks, at first and at most
TOLD_AFTER_S = 2.0  # of waiting, before it is said whom for
STRANGER = "a process that does not say who it is"

logger = logging.getLogger(__name__)

Tell = Callable[[str], None]


class HeldError(StorageError):
    """Another process holds a lock."""

    def __init__(self, path: Path, owner: Owner | None) -> None:
        self.owner = str(owner or STRANGER)
        super().__init__(f"{path} is held by {self.owner}. Wait for it, or stop it.")


@contextmanager
def alone(path: Path, busy: str) -> Iterator[None]:
    """Hold a lock while the block runs; refuse if another process has it.

    Args:
        path: The lock's file.
        busy: What is said then: "Another process is working on logs/x".

    Raises:
        StorageError: If another process has it, or had it and was probably killed.
    """
    try:
        file = acquire(path, waits=False)
    except HeldError as error:
        raise StorageError(f"{busy} ({error.owner}). Wait for it, or stop it.") from error
    try:
        yield
    finally:
        file.remove()


@contextmanager
def in_turn(path: Path, is_harmless: bool = False, tell: Tell = logger.warning) -> Iterator[None]:
    """Hold a lock while the block runs; wait for it as long as its owner lives.

    Args:
        path: The lock's file.
        is_harmless: Whether two at once would only do the same work twice.
        tell: Gets a sentence when the wait begins to last.

    Raises:
        StorageError: If its owner was probably killed and nobody said to take over, or the folder cannot be written.
    """
    file = acquire(path, waits=True, is_harmless=is_harmless, tell=tell)
    try:
        yield
    finally:
        file.remove()


def acquire(path: Path, waits: bool, is_harmless: bool = False, tell: Tell = logger.warning) -> LockFile:
    """Take a lock; arguments as of `in_turn`.

    Raises:
        HeldError: If its owner lives and `waits` is False.
        StorageError: As for `in_turn`.
    """
    make_folder(path.parent)
    file, watch, waiting = LockFile(path), Watch(), Waiting(path, waits, tell)
    while True:
        try:
            verdict, owner = _inspect(file, watch, is_harmless, tell)
        except OSError as error:
            raise storage_error(path, error) from error
        if verdict is Verdict.OURS:
            file.keep_counting()
            return file
        waiting.wait(verdict, owner)


class Waiting:
    """The time between two looks at a lock, and what is said meanwhile."""

    def __init__(self, path: Path, waits: bool, tell: Tell) -> None:
        self.path, self.waits, self.tell = path, waits, tell
        self.pause_s, self.until_told_s, self.times_held = PAUSES_S[0], time.monotonic() + TOLD_AFTER_S, 0

    def wait(self, verdict: Verdict, owner: Owner | None) -> None:
        """Wait a moment.

        Raises:
            HeldError: If the owner lives and nobody wants to wait.
            StorageError: If the owner was probably killed.
        """
        self.times_held += verdict is Verdict.HELD
        if self.times_held > 1 and not self.waits:  # the first time it may have been another process's look
            raise HeldError(self.path, owner)
        if verdict is Verdict.SILENT:
            raise StorageError(
                f"{self.path} is held by {owner or STRANGER}, which has given no sign of life for {SILENT_S:.0f} s: it "
                "was probably killed, and this file system has no locks that would tell. If it is gone, run again "
                f"with {STALE_VARIABLE}=take."
            )
        if time.monotonic() > self.until_told_s and owner is not None:
            self.until_told_s = float("inf")
            self.tell(f"Waiting for {owner}, which holds {self.path}.")
        time.sleep(self.pause_s * random.uniform(0.5, 1.0))
        self.pause_s = min(2 * self.pause_s, PAUSES_S[1])


def _inspect(file: LockFile, watch: Watch, is_harmless: bool, tell: Tell) -> tuple[Verdict, Owner | None]:
    if file.make():
        return Verdict.OURS, file.owner
    try:
        handle = os.open(file.path, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return Verdict.UNSURE, None
    try:
        is_free, record = hold(handle), os.read(handle, MAX_BYTES)
        if not is_at(file.path, handle):
            return Verdict.UNSURE, None
        owner, silent_s = owner_in(record), watch.still_s(is_free, record)
        verdict = verdict_on(is_free, owner, silent_s, watch.has_moved)
        is_taken = verdict is Verdict.DEAD or (verdict is Verdict.SILENT and (is_harmless or takes_stale_locks()))
        if not is_taken:
            return verdict, owner
        if not file.take(handle, record, owner, silent_s):
            return Verdict.UNSURE, owner
        if owner is not None:
            tell(f"{owner} left the lock {file.path} behind; it is taken over.")
        return Verdict.OURS, owner
    finally:
        os.close(handle)


def takes_stale_locks() -> bool:
    """Whether DUETTO_STALE_LOCKS says to take locks whose owners were probably killed.

    Raises:
        ConfigError: If it is neither tell nor take.
    """
    chosen = os.environ.get(STALE_VARIABLE) or "tell"
    if chosen not in ("tell", "take"):
        raise ConfigError(f"{STALE_VARIABLE}={chosen}: expected tell or take.")
    return chosen == "take"
