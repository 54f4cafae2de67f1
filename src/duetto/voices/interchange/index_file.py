"""Reads foreign faiss indexes: sizes are checked first, so that a hostile or truncated file cannot fill the memory.

faiss trusts the sizes in a file. `measure_index` first compares each of them with the remaining bytes, and accepts the
two kinds that RVC programs write: inverted lists over plain vectors (`IVF…,Flat`) and plain vectors (`Flat`), both with
L2 distances.

Layout of a file (little-endian), as faiss 1.6 to 1.15 write it: a code of four letters, width (i32), rows (i64), two
unused i64, trained (u8), metric (i32); `IxF2` then has its vectors; `IwFl` has lists and probes (u64), an index of
the centroids, a direct map, and the lists.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import faiss
import numpy as np

from duetto.conversion.retrieval import Frames, number_rows
from duetto.errors import CheckpointError
from duetto.storage.files import storage_error

FLAT, INVERTED = b"IxF2", b"IwFl"
METRIC_L2 = 1
FLOAT_BYTES, ID_BYTES, PAIR_BYTES = 4, 8, 16
HASH_MAP = 2  # kind of direct map
MAX_DIMENSION = 4096
REMEDY = "Use the added_IVF….index of the model, or build a new one."


@dataclass(frozen=True)
class IndexLayout:
    """The sizes in an index file, consistent with each other and with the file's length."""

    kind: str  # faiss factory string
    dimension: int
    num_rows: int
    num_lists: int  # 0 for plain vectors
    num_probes: int


class _Walker:
    """Reads numbers and skips arrays within the bounds of the file."""

    def __init__(self, file: BinaryIO, size: int, path: Path) -> None:
        self.file, self.size, self.path = file, size, path

    def take(self, layout: str) -> tuple[Any, ...]:
        """The next numbers; little-endian, unpadded."""
        return struct.unpack(f"<{layout}", self._read(struct.calcsize(f"<{layout}")))

    def code(self) -> bytes:
        """Four letters."""
        return self._read(4)

    def skip_array(self, width: int, expected: int | None = None) -> None:
        """Skip an array that begins with its length; items have `width` bytes, and their number must be as expected."""
        (count,) = self.take("Q")
        if expected is not None and count != expected:
            raise self.refuse(f"it holds {count} numbers where its header says {expected}")
        self.skip(count * width)

    def skip(self, count: int) -> None:
        """Skip bytes; refuse the file if it is too short."""
        if count > self.size - self.file.tell():
            raise self.refuse(f"it ends before its contents do ({self.size} bytes)")
        self.file.seek(count, 1)

    def refuse(self, reason: str) -> CheckpointError:
        """An error that names the file and the reason."""
        return CheckpointError(f"The index {self.path} cannot be used: {reason}. {REMEDY}")

    def _read(self, count: int) -> bytes:
        data = self.file.read(count)
        if len(data) < count:
            raise self.refuse(f"it ends before its contents do ({self.size} bytes)")
        return data


def measure_index(path: Path) -> IndexLayout:
    """Check every size in an index file against the file; nothing large is read.

    Raises:
        CheckpointError: If it is missing, truncated, inconsistent, or of an unsupported kind.
    """
    if not path.is_file():
        raise CheckpointError(f"There is no index {path}. Correct index=FILE, or leave it out to convert without one.")
    try:
        with path.open("rb") as file:
            walker = _Walker(file, path.stat().st_size, path)
            layout = _walk(walker)
            if file.tell() != walker.size:
                raise walker.refuse(f"{walker.size - file.tell()} bytes follow its end")
    except OSError as error:
        raise storage_error(path, error) from error
    return layout


def _walk(walker: _Walker) -> IndexLayout:
    code = walker.code()
    if code not in (FLAT, INVERTED):
        raise walker.refuse(f"its kind is {code!r}; expected a faiss index of kind IVF,Flat or Flat with L2 distances")
    dimension, num_rows = _header(walker)
    if code == FLAT:
        walker.skip_array(FLOAT_BYTES, num_rows * dimension)
        return IndexLayout("Flat", dimension, num_rows, 0, 0)
    num_lists, num_probes = walker.take("QQ")
    if walker.code() != FLAT or _header(walker) != (dimension, num_lists):
        raise walker.refuse("its centroids do not belong to its lists")
    walker.skip_array(FLOAT_BYTES, num_lists * dimension)
    (direct_map,) = walker.take("B")
    walker.skip_array(ID_BYTES)
    if direct_map == HASH_MAP:
        walker.skip_array(PAIR_BYTES)
    _walk_lists(walker, num_lists, num_rows, dimension * FLOAT_BYTES)
    return IndexLayout(f"IVF{num_lists},Flat", dimension, num_rows, num_lists, num_probes)


def _header(walker: _Walker) -> tuple[int, int]:
    dimension, num_rows, _, _, is_trained, metric = walker.take("iqqqBi")
    if not 1 <= dimension <= MAX_DIMENSION or num_rows < 0:
        raise walker.refuse(f"its header claims {num_rows} rows of {dimension}")
    if metric != METRIC_L2:
        raise walker.refuse(f"its metric is number {metric}; expected L2 distances ({METRIC_L2})")
    if not is_trained:
        raise walker.refuse("it was never trained")
    return dimension, num_rows


def _walk_lists(walker: _Walker, num_lists: int, num_rows: int, row_bytes: int) -> None:
    if walker.code() != b"ilar" or walker.take("QQ") != (num_lists, row_bytes):
        raise walker.refuse("its lists are not of the kind or size that its header says")
    kind = walker.code()
    (count,) = walker.take("Q")
    if kind not in (b"full", b"sprs") or (kind == b"full" and count != num_lists):
        raise walker.refuse(f"it has {count} lists, stored as {kind!r}; expected {num_lists} as full or sprs")
    start = walker.file.tell()
    walker.skip(count * ID_BYTES)
    walker.file.seek(start)
    sizes = np.frombuffer(walker.file.read(count * ID_BYTES), np.uint64)
    sizes = sizes if kind == b"full" else sizes[1::2]  # (list, size) pairs
    if any(int(size) > num_rows for size in sizes) or sum(int(size) for size in sizes) != num_rows:
        raise walker.refuse(f"its lists do not add up to the {num_rows} rows of its header")
    walker.skip(num_rows * (row_bytes + ID_BYTES))


def read_index_file(path: Path) -> tuple[Any, Frames, IndexLayout]:
    """Check and read a foreign index: faiss's object, its rows (N, D) in their order, and its layout.

    Raises:
        CheckpointError: If it cannot be used; says why.
    """
    layout = measure_index(path)
    if layout.num_rows == 0:
        raise CheckpointError(
            f"The index {path} holds no rows: it is the trained_… file, not the added_… one. {REMEDY}"
        )
    try:
        index: Any = faiss.read_index(str(path))
        number_rows(index)
        rows = np.asarray(index.reconstruct_n(0, layout.num_rows), np.float32)
    except (RuntimeError, CheckpointError) as error:
        reason = error if isinstance(error, CheckpointError) else "it is damaged"
        raise CheckpointError(f"The index {path} cannot be used: {reason}. {REMEDY}") from error
    if not np.isfinite(rows).all():
        raise CheckpointError(f"The index {path} holds infinite or undefined values. {REMEDY}")
    return index, rows, layout
