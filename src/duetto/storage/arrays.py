"""Named arrays in one file, written atomically and verified by checksums when read."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetto.storage.files import atomic_path


def save_arrays(arrays: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Write arrays atomically as an uncompressed .npz file.

    Raises:
        StorageError: If the folder cannot be written.
    """
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read a file of `save_arrays`; every byte is checked against the file's checksums.

    Raises:
        FileNotFoundError: If it is missing.
        ValueError: If it is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy"): _read(archive, name) for name in archive.namelist()}
    except FileNotFoundError:
        raise
    except (OSError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        raise ValueError(str(error)) from error


def _read(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    # Read whole before parsing: numpy stops at the length its header claims and would not reach the checksum.
    array: NDArray[Any] = np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
    return array
