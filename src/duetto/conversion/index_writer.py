"""Writing inverted lists that are larger than the memory: block by block into a nameless file, then list by list.

The result is the file that `faiss.write_index` would write of the whole index, so that any faiss reads it, also
without taking it into memory (`IO_FLAG_MMAP`). Its last part, little-endian: `ilar`, lists and bytes of a code (u64),
`full`, the sizes of the lists (u64, after their number), then for each list its codes and its ids (i64).
"""

import struct
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import faiss
import numpy as np

from duetto.errors import StorageError
from duetto.storage.files import atomic_path, storage_error

ID_BYTES = 8


class ListWriter:
    """Collects the lists of blocks of one index; a context manager that frees the disk at its end."""

    def __init__(self, folder: Path) -> None:
        """Begin empty.

        Raises:
            StorageError: If the folder cannot be written.
        """
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__
        except OSError as error:
            raise storage_error(folder, error) from error
        self._folder = folder
        self._blocks: list[tuple[int, np.ndarray]] = []  # where a block begins, and the sizes of its lists

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, index: Any) -> None:
        """Take the lists of a block, an IVF index trained as all others, and empty it.

        Raises:
            StorageError: If the disk is full.
        """
        lists = index.invlists
        sizes = np.array([lists.list_size(number) for number in range(index.nlist)], np.int64)
        try:
            self._blocks.append((self._file.seek(0, 2), sizes))
            for number in np.flatnonzero(sizes).tolist():
                size = int(sizes[number])
                self._file.write(faiss.rev_swig_ptr(lists.get_codes(number), size * index.code_size).tobytes())
                self._file.write(faiss.rev_swig_ptr(lists.get_ids(number), size).tobytes())
        except OSError as error:
            raise storage_error(self._folder, error) from error
        index.reset()

    def write(self, index: Any, path: Path) -> None:
        """Write the index with all lists, atomically.

        Args:
            index: The trained index, empty.
            path: Where to.

        Raises:
            StorageError: If the folder cannot be written, or faiss lays out files differently.
        """
        sizes = np.sum([each for _, each in self._blocks], axis=0, dtype=np.uint64)
        index.ntotal = int(sizes.sum())
        head = faiss.serialize_index(index).tobytes()
        index.ntotal = 0
        empty = b"ilar" + struct.pack("<QQ", index.nlist, index.code_size) + b"sprs" + struct.pack("<Q", 0)
        if not head.endswith(empty):
            raise StorageError(f"faiss {faiss.__version__} writes lists differently. Install the pinned version.")
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            file.write(head.removesuffix(empty))
            file.write(b"ilar" + struct.pack("<QQ", index.nlist, index.code_size))
            file.write(b"full" + struct.pack("<Q", index.nlist) + sizes.tobytes())
            places = self._places(index.code_size)
            for number in range(index.nlist):
                for width, shift in ((index.code_size, 0), (ID_BYTES, index.code_size)):
                    for start, each in places:
                        file.write(
                            self._read(int(start[number]) + shift * int(each[number]), width * int(each[number]))
                        )

    def _places(self, code_size: int) -> list[tuple[np.ndarray, np.ndarray]]:
        width = code_size + ID_BYTES
        return [(begin + width * (np.cumsum(sizes) - sizes), sizes) for begin, sizes in self._blocks]

    def _read(self, start: int, count: int) -> bytes:
        self._file.seek(start)
        return self._file.read(count)
