"""Retrieval as each side does it for one recording: read the index, search, blend.

Upstream (its pipeline, in our words): an inverted-list index with n = min(16 sqrt(N), N / 39) cells of which one is
probed; the file is read and all rows are rebuilt for every recording.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import faiss
import numpy as np
from torch import Tensor, from_numpy

from duetto.conversion.retrieval import build_index, load_index, save_index
from duetto.settings.config import RetrievalConfig

NUM_ROWS, DIMENSION, NUM_QUERIES, NEIGHBOURS = 20_000, 768, 500, 8
RATE = 0.75


@cache
def frames() -> tuple[np.ndarray, np.ndarray]:
    """Rows and queries around common centres, as content frames are."""
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((200, DIMENSION))

    def around(count: int) -> np.ndarray:
        noise = generator.standard_normal((count, DIMENSION))
        return (centres[generator.integers(200, size=count)] + 0.5 * noise).astype(np.float32)

    return around(NUM_ROWS), around(NUM_QUERIES)


class OurRetrieval:
    """The exact search that a voice of this size has."""

    name = "duetto"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        save_index(build_index(frames()[0], "benchmark", 12, NEIGHBOURS, 0), self.folder)

    def retrieval(self) -> Tensor:
        """Read, search, blend."""
        voiced = np.ones(NUM_QUERIES, bool)
        config = RetrievalConfig(RATE, NEIGHBOURS, 0.5)
        return from_numpy(load_index(self.folder).blend(frames()[1], voiced, config))

    @contextlib.contextmanager
    def without_chance(self) -> Iterator[None]:
        """Nothing is drawn."""
        yield


class UpstreamRetrieval(OurRetrieval):
    """One cell of many."""

    name = "upstream"

    def __init__(self) -> None:
        rows = frames()[0]
        cells = min(int(16 * np.sqrt(NUM_ROWS)), NUM_ROWS // 39)
        index = faiss.index_factory(DIMENSION, f"IVF{cells},Flat")
        index.train(rows)
        index.add(rows)
        faiss.extract_index_ivf(index).nprobe = 1
        self.path = str(Path(tempfile.mkdtemp()) / "added.index")
        faiss.write_index(index, self.path)

    def retrieval(self) -> Tensor:
        """Read, rebuild the rows, search, blend."""
        queries = frames()[1]
        index = faiss.read_index(self.path)
        rows = index.reconstruct_n(0, index.ntotal)
        distances, found = index.search(queries, NEIGHBOURS)
        weights = np.square(1 / distances)
        weights /= weights.sum(axis=1, keepdims=True)
        blended = np.sum(rows[found] * weights[..., None], axis=1)
        return from_numpy(RATE * blended + (1 - RATE) * queries)
