"""Atomic writing of files, and digests of their content.

Every file that duetto writes gets a temporary name in its folder, is flushed to the disk, and is renamed. After a crash
there is the old file or none.
"""

import errno
import hashlib
import json
import math
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from duetto.errors import StorageError
from duetto.storage.flock import hold
from duetto.storage.leftovers import TEMPORARY, tidy

STORAGE_ERRNOS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EEXIST: "a file of that name is in the way",
    errno.EFBIG: "the file would be larger than a limit allows (ulimit -f)",
    errno.EMFILE: "too many files are open (ulimit -n)",
    errno.EIO: "the system refused the data, for a fault of the disk or a limit on the size of files (ulimit -f)",
}


def storage_error(path: Path, error: OSError) -> StorageError:
    """Say in one sentence why `path` cannot be written."""
    reason = STORAGE_ERRNOS.get(error.errno or 0, error.strerror or str(error))
    return StorageError(f"Cannot write {path}: {reason}. Free space or choose another folder, then run again.")


def make_folder(path: Path) -> Path:
    """Create a folder with its parents and return it.

    Raises:
        StorageError: If the folder cannot be made or written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(path, error) from error
    return path


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary name with the same suffix; rename it to `path` if the block succeeds.

    The file is locked until then, which distinguishes a write in progress from leftovers of a killed process
    (`duetto.storage.leftovers`). The umask determines who may read it.

    Raises:
        StorageError: If the folder is read-only or full; nothing is left behind.
    """
    tidy(make_folder(path.parent))
    temporary = _temporary_name(path)
    try:
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    except OSError as error:
        raise storage_error(path, error) from error
    try:
        hold(handle)
        mode = stat.S_IMODE(os.fstat(handle).st_mode)
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(mode)  # in case the block replaced the file
        temporary.replace(path)
    except OSError as error:
        raise storage_error(path, error) from error
    finally:
        os.close(handle)
        temporary.unlink(missing_ok=True)


def link_or_copy(origin: Path, place: Path) -> None:
    """Make a hard link, or a copy if the file system does not support links; atomic.

    Raises:
        StorageError: If the folder cannot be written.
    """
    tidy(make_folder(place.parent))
    temporary = _temporary_name(place)
    try:
        try:
            os.link(origin.resolve(), temporary)
        except OSError:
            shutil.copyfile(origin, temporary)
        temporary.replace(place)
    except OSError as error:
        raise storage_error(place, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _temporary_name(path: Path) -> Path:
    return path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}{path.suffix}")


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write sorted, indented JSON atomically; NaN becomes null, so that any parser accepts it."""
    write_text(path, json.dumps(_finite(value), indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file that duetto wrote.

    Raises:
        StorageError: If it is missing, is not JSON, or holds a number that overflows.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_float=_bounded)
    except FileNotFoundError as error:
        raise StorageError(f"{path} is missing.") from error
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise StorageError(f"{path} is not valid JSON ({error}). Delete it and run again.") from error


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises:
        StorageError: If it is missing, is not JSON, or holds something else.
    """
    value = read_json(path)
    if not isinstance(value, dict):
        raise StorageError(f"{path} holds a {type(value).__name__}, expected an object. Delete it and run again.")
    return value


def _bounded(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text} is beyond all bounds")
    return value


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """SHA-256 of a value's canonical JSON: equal values give equal digests, whatever their key order."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def _finite(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
