"""Writes a retrieval index as RVC WebUI and Applio expect it: inverted lists, one probe, parameters in the name.

Upstream's numbers: 16 * sqrt(N) lists, but at least 39 rows per list; more than 200 000 rows are first replaced by
10 000 centroids. Unlike upstream's, the centroids and lists are seeded, so the same rows give the same file.
"""

from pathlib import Path
from typing import Any

import faiss
import numpy as np

from duetto.conversion.retrieval import Frames
from duetto.storage.files import atomic_path

LISTS_PER_ROOT = 16
MIN_ROWS_PER_LIST = 39  # faiss's k-means warns below this
MAX_ROWS, NUM_CENTROIDS = 200_000, 10_000
CENTROID_ITERATIONS = 20
NUM_PROBES = 1
BLOCK = 8192  # rows added at once


def public_index_name(num_lists: int, name: str, version: str) -> str:
    """The file name, from which users of upstream read the parameters."""
    return f"added_IVF{num_lists}_Flat_nprobe_{NUM_PROBES}_{name}_{version}.index"


def count_lists(num_rows: int) -> int:
    """Number of inverted lists for N rows; at least 1."""
    return max(1, min(int(LISTS_PER_ROOT * np.sqrt(num_rows)), num_rows // MIN_ROWS_PER_LIST))


def reduce_rows(rows: Frames, seed: int, max_rows: int = MAX_ROWS, num_centroids: int = NUM_CENTROIDS) -> Frames:
    """The rows, or their k-means centroids if there are more than `max_rows`."""
    if len(rows) <= max_rows:
        return rows
    kmeans = faiss.Kmeans(rows.shape[1], num_centroids, niter=CENTROID_ITERATIONS, seed=seed + 1)
    kmeans.train(rows)
    return np.asarray(kmeans.centroids, np.float32)


def build_public_index(rows: Frames, seed: int) -> Any:
    """A faiss index over rows (N, D) with upstream's parameters; the same rows and seed give the same index."""
    rows = np.ascontiguousarray(rows, np.float32)
    index: Any = faiss.index_factory(rows.shape[1], f"IVF{count_lists(len(rows))},Flat")
    index.cp.seed = seed + 1
    index.cp.min_points_per_centroid = 1  # silences the warning for fewer than 39 rows
    index.train(rows)
    for start in range(0, len(rows), BLOCK):
        index.add(rows[start : start + BLOCK])
    index.nprobe = NUM_PROBES
    return index


def write_public_index(rows: Frames, folder: Path, name: str, version: str, seed: int) -> Path:
    """Build and write an index, and return its path.

    Raises:
        StorageError: If the folder cannot be written.
    """
    index = build_public_index(reduce_rows(rows, seed), seed)
    path = folder / public_index_name(index.nlist, name, version)
    with atomic_path(path) as temporary:
        faiss.write_index(index, str(temporary))
    return path
