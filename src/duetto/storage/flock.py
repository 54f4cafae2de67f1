"""The system's lock of an open file, where the file system has one.

It ends with the process that holds it, whatever kills that. NFS without lockd (ENOLCK), Lustre mounted without `flock`
(ENOSYS, EOPNOTSUPP) and some user-space file systems have none; Lustre's `localflock` and NFS's `local_lock` have one
that other machines do not see (`duetto.storage.locks`).
"""

import errno
import fcntl
import tempfile
from pathlib import Path

BUSY = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK})
NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})


def has_locks(folder: Path) -> bool:
    """Whether the file system of a folder has such locks; also False if nothing can be written there."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            return hold(file.fileno()) is not None
    except OSError:
        return False


def hold(handle: int) -> bool | None:
    """Lock an open file until it is closed, which a process that ends does.

    Returns:
        Whether it is locked now: False = somebody else holds it, None = the file system has no locks.

    Raises:
        OSError: If the file system fails in another way.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in BUSY:
            return False
        if error.errno in NO_LOCKS:
            return None
        raise
    return True
