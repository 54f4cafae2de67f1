"""Stand-ins for file systems that several machines share, and processes that start at once."""

import errno
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from duetto.storage import flock
from duetto.storage.lock_owner import Owner, this_process

# What the system call answers: NFS without lockd, Lustre without `flock`, a file system in user space
NO_LOCKS = {"nfs": errno.ENOLCK, "lustre": errno.EOPNOTSUPP, "fuse": errno.ENOSYS}


def without_locks(patch: pytest.MonkeyPatch, number: int) -> None:
    """Let the file system refuse locks, as one does that has none."""

    def refuse(handle: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    patch.setattr(flock.fcntl, "flock", refuse)


def of_another_machine(**changes: Any) -> Owner:
    """An owner whose process number means nothing here."""
    values = {"host": "node7", "place": "elsewhere", "job": "Slurm job 4711", **changes}
    return Owner(**{**vars(this_process()), **values})


def all_at_once(count: int, work: Callable[[int], None]) -> None:
    """Run `work(0)` to `work(count - 1)` in processes of their own that begin together; all have to succeed."""
    context = multiprocessing.get_context("fork")  # a start of Python each would take longer than the test
    barrier = context.Barrier(count)

    def begin(number: int) -> None:
        barrier.wait()
        work(number)

    processes = [context.Process(target=begin, args=(number,)) for number in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * count


def what_is_left(folder: Path) -> list[str]:
    """Locks and half-written files below a folder."""
    marks = (".lock", ".taken", ".part.")
    return sorted(str(path) for path in folder.rglob("*") if any(mark in path.name for mark in marks))
