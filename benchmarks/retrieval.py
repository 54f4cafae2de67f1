"""Search of content frames: recall@8 against the exact search, vectors a second, and what building costs.

    python benchmarks/retrieval.py [rows=10000,100000,300000] [widths=288,768] [threads=2] [slow=20000]

Synthetic content: random walks around 400 centres of unequal weight and spread, so that neighbours in time are
neighbours in space, as in speech. Queries are other walks around the same centres (another singer's frames).
`upstream` is RVC's index: 16 sqrt(N) lists, one probe. Both it and HNSW are built up to `slow` rows only: they take
minutes beyond.
"""

import sys
import time
from typing import Any

import faiss
import numpy as np

from duetto.conversion.retrieval import KMEANS_ITERATIONS, TRAINING_ROWS_PER_LIST, exact_neighbours, share_found
from duetto.voices.interchange.public_index import build_public_index

NEIGHBOURS, NUM_QUERIES, CENTRES, STEP = 8, 1000, 400, 25


def content(count: int, width: int, seed: int) -> np.ndarray:
    """(N, D) frames."""
    shared = np.random.default_rng(7)
    centres = shared.standard_normal((CENTRES, width), np.float32)
    spread = shared.uniform(0.2, 0.6, (CENTRES, 1)).astype(np.float32)
    share = shared.dirichlet(np.full(CENTRES, 0.7))
    random = np.random.default_rng(seed)
    which = np.repeat(random.choice(CENTRES, count // STEP + 1, p=share), STEP)[:count]
    noise = random.standard_normal((count, width), np.float32)
    walk = noise.copy()
    for offset in range(1, STEP):  # each frame keeps most of the one before, within a phone
        walk[offset::STEP] = 0.8 * walk[offset - 1 :: STEP][: len(walk[offset::STEP])] + 0.6 * noise[offset::STEP]
    return centres[which] + spread[which] * walk


def inverted(rows: np.ndarray, num_lists: int) -> Any:
    """Inverted lists as duetto.conversion.retrieval trains them."""
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(rows.shape[1]), rows.shape[1], num_lists)
    index.cp.seed, index.cp.niter = 1, KMEANS_ITERATIONS
    index.cp.max_points_per_centroid = TRAINING_ROWS_PER_LIST
    index.train(rows)
    index.add(rows)
    return index


def measure(label: str, index: Any, queries: np.ndarray, exact: np.ndarray, build_s: float) -> None:
    """Print one row."""
    start = time.perf_counter()
    index.search(queries, NEIGHBOURS)
    rate = len(queries) / (time.perf_counter() - start)
    print(f"  {label:<26} {share_found(index, queries, exact):9.3f} {rate:10.0f} {build_s:9.1f}", flush=True)


def compare(count: int, width: int, slow_rows: int) -> None:
    """Every index for one size."""
    rows, queries = content(count, width, 0), content(NUM_QUERIES, width, 1)
    exact = exact_neighbours(rows, queries, NEIGHBOURS)
    print(f"{count} x {width}\n  {'index':<26} {'recall@8':>9} {'vectors/s':>10} {'build s':>9}")
    flat = faiss.IndexFlatL2(width)
    flat.add(rows)
    measure("Flat", flat, queries, exact, 0.0)
    start = time.perf_counter()
    num_lists = int(np.sqrt(count))
    index = inverted(rows, num_lists)
    build_s = time.perf_counter() - start
    for probes in (1, 2, 4, 8, 16, 32):
        index.nprobe = probes
        measure(f"IVF{num_lists} nprobe={probes}", index, queries, exact, build_s)
    if count <= slow_rows:
        start = time.perf_counter()
        upstream = build_public_index(rows, 0)
        measure(f"upstream IVF{upstream.nlist} nprobe=1", upstream, queries, exact, time.perf_counter() - start)
        start = time.perf_counter()
        graph = faiss.IndexHNSWFlat(width, 32)
        graph.add(rows)
        graph.hnsw.efSearch = 64
        measure("HNSW32 efSearch=64", graph, queries, exact, time.perf_counter() - start)


def main() -> None:
    """A table for each size."""
    options = dict(argument.split("=") for argument in sys.argv[1:])
    faiss.omp_set_num_threads(int(options.get("threads", "2")))
    for width in options.get("widths", "288,768").split(","):
        for count in options.get("rows", "10000,100000,300000").split(","):
            compare(int(count), int(width), int(options.get("slow", "20000")))


if __name__ == "__main__":
    main()
