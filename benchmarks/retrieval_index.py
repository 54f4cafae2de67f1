"""What an index of a voice costs and what it loses: bytes an hour, recall@8, error of the mixture, time, memory.

    python benchmarks/retrieval_index.py [hours=1] [content=FOLDER] [only=compact]

Without `content` the rows are made on the fly: 24 ms units that wander between 400 centres, with the spectrum of
Moonshine's fourth layer (64 directions hold 88 %, 144 hold 96 %), interpolated to 100 frames a second. `content=FOLDER`
takes *.npy files of content frames (T, 288), 100 a second; files named held_* and foreign_* are queries. Each index is
built in a process of its own: `peak` is its greatest resident memory, `above` what it is more than before building
(Linux). Beyond `LONGEST` hours nothing is asked, because exact search is what takes the time.
Error: distance of the mixture of eight neighbours from the one of exact search, relative to the latter's length.
"""

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from scipy.signal import lfilter

from duetto.conversion.compact_index import IndexOrigin, write_index
from duetto.conversion.retrieval import DISTANCE_FLOOR, load_index
from duetto.features.units import UnitGrid, mix_units

WIDTH, CENTRES, UNITS_A_PHONE, NEIGHBOURS, NUM_QUERIES = 288, 400, 6, 8, 300
GRID, RATE, CLIP = UnitGrid(-0.5, 2.4), 100, 1000  # frames a second, frames a clip
LONGEST = 5


class Synthetic:
    """Hours of content, clip by clip; a seed is a singer."""

    def __init__(self, hours: float, seed: int) -> None:
        self.num_rows, self.seed, self.grid = round(hours * 3600 * RATE) // CLIP * CLIP, seed, GRID
        shared = np.random.default_rng(7)
        self.centres = shared.standard_normal((CENTRES, WIDTH), np.float32)
        self.shape = np.float32(1.9) * np.exp(-np.arange(WIDTH, dtype=np.float32) / 70)
        self.turn = np.linalg.qr(shared.standard_normal((WIDTH, WIDTH)))[0].astype(np.float32)

    def __iter__(self) -> Iterator[np.ndarray]:
        for number in range(self.num_rows // CLIP):
            random = np.random.default_rng((self.seed, number))
            count = int(CLIP / GRID.step) + 2
            which = np.repeat(random.integers(0, CENTRES, count // UNITS_A_PHONE + 1), UNITS_A_PHONE)[:count]
            walk = random.standard_normal((count, WIDTH), np.float32)
            walk = lfilter([np.float32(0.6)], [np.float32(1), np.float32(-0.8)], walk, axis=0)  # keeps most of itself
            units = ((self.centres[which] + np.float32(0.7) * walk) * self.shape) @ self.turn
            yield mix_units(units, *GRID.places(CLIP, count))


class Files:
    """Content frames in files."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths, self.grid = paths, GRID
        self.num_rows = sum(len(np.load(path, mmap_mode="r")) for path in paths)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (np.load(path).astype(np.float32) for path in self.paths)


def factory(name: str) -> Callable[[Any, Path], None]:
    """An index of faiss over all frames, which are kept in memory until it is built."""

    def build(rows: Any, folder: Path) -> None:
        every = np.concatenate(list(rows))
        index = faiss.index_factory(WIDTH, name.replace("LISTS", str(int(np.sqrt(len(every))))))
        if "IVF" in name:
            faiss.extract_index_ivf(index).cp.max_points_per_centroid = 64
            faiss.extract_index_ivf(index).nprobe = 32
        index.train(every)
        index.add(every)
        faiss.write_index(index, str(folder / "index.faiss"))

    return build


def compact(rows: Any, folder: Path) -> None:
    """What a training writes."""
    write_index(rows, IndexOrigin("benchmark", 4, NEIGHBOURS, 0), folder)


INDEXES = {
    "every frame, IVF,Flat": factory("IVFLISTS,Flat"),
    "every frame, IVF,SQ8": factory("IVFLISTS,SQ8"),
    "every frame, IVF,SQ6": factory("IVFLISTS,SQ6"),
    "every frame, IVF,SQ4": factory("IVFLISTS,SQ4"),
    "units, SQ8 (compact)": compact,
}


def sources(options: dict[str, str], with_queries: bool = True) -> tuple[Any, dict[str, np.ndarray]]:
    """The rows, and the queries by where they come from."""
    if "content" not in options:
        rows: Any = Synthetic(float(options.get("hours", "1")), 0)
        asked: dict[str, Any] = {"held out": Synthetic(0.02, 1)}
    else:
        paths = sorted(Path(options["content"]).glob("*.npy"))
        kinds = {kind: [path for path in paths if path.name.startswith(f"{kind}_")] for kind in ("held", "foreign")}
        rows = Files([path for path in paths if path not in kinds["held"] + kinds["foreign"]])
        asked = {kind: Files(found) for kind, found in kinds.items() if found}
    if not with_queries or rows.num_rows > LONGEST * 3600 * RATE:
        asked = {}
    return rows, {kind: pick(np.concatenate(list(every))) for kind, every in asked.items()}


def pick(frames: np.ndarray) -> np.ndarray:
    """Some of the frames."""
    return frames[np.random.default_rng(0).choice(len(frames), min(NUM_QUERIES, len(frames)), replace=False)]


def exact_answer(rows: Any, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the nearest frames and their mixture, clip by clip."""
    heap, seen = faiss.ResultHeap(len(queries), NEIGHBOURS), 0
    for frames in rows:
        distances, numbers = faiss.knn(queries, frames, NEIGHBOURS)
        heap.add_result(distances, numbers + seen)
        seen += len(frames)
    heap.finalize()
    wanted, found, seen = heap.I, np.empty((*heap.I.shape, queries.shape[1]), np.float32), 0
    for frames in rows:
        here = (wanted >= seen) & (wanted < seen + len(frames))
        found[here] = frames[wanted[here] - seen]
        seen += len(frames)
    return wanted, mixture(heap.D, found)


def mixture(distances: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The neighbours as `RetrievalIndex.blend` weighs them."""
    weights = np.maximum(distances, DISTANCE_FLOOR * np.square(rows).sum(axis=2).mean()) ** -2.0
    return np.einsum("tk,tkd->td", weights / weights.sum(axis=1, keepdims=True), rows)


def memory_mb(name: str) -> float:
    """A line of this process's status; unlike getrusage it begins with the process."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def build_apart(name: str, options: dict[str, str], folder: str, sender: Any) -> None:
    """Build in this process and send what it took."""
    rows, _ = sources(options, with_queries=False)
    faiss.omp_set_num_threads(1)
    next(iter(rows))
    before, begin = memory_mb("VmRSS"), time.process_time()
    INDEXES[name](rows, Path(folder))
    peak = memory_mb("VmHWM")
    sender.send((time.process_time() - begin, peak, peak - before))


def open_built(folder: Path) -> Any:
    """Whichever index lies there, as the search of frames."""
    if (folder / "index.json").exists():
        return load_index(folder).index
    index = faiss.read_index(str(folder / "index.faiss"))
    if isinstance(index, faiss.IndexIVF):
        index.make_direct_map()
    return index


def answer(index: Any, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Numbers, mixture, and CPU milliseconds of a hundred queries: a second of audio."""
    index.search(queries[:4], NEIGHBOURS)
    begin = time.process_time()
    distances, numbers = index.search(queries, NEIGHBOURS)
    rows = index.reconstruct_batch(np.maximum(numbers, 0).ravel()).reshape(*numbers.shape, -1)
    return numbers, mixture(distances, rows), (time.process_time() - begin) / len(queries) * 1e5


def compare(name: str, options: dict[str, str], hours: float, truth: dict[str, Any]) -> None:
    """Print one row."""
    with tempfile.TemporaryDirectory() as folder:
        receiver, sender = multiprocessing.get_context("spawn").Pipe(duplex=False)
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=build_apart, args=(name, options, folder, sender))
        process.start()
        sender.close()
        total_s, peak, above = receiver.recv()
        process.join()
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6 / hours
        index, parts = open_built(Path(folder)), []
        for kind, (queries, wanted, mixed) in truth.items():
            numbers, ours, ms = answer(index, queries)
            hits = np.mean([len(set(a) & set(b)) / NEIGHBOURS for a, b in zip(numbers, wanted, strict=True)])
            error = np.linalg.norm(ours - mixed) / np.linalg.norm(mixed)
            parts.append(f"{kind}: recall {hits:.3f} error {error:.3f} {ms:.0f} ms/s")
    print(f"{name:<24}{size:7.1f} MB/h  build {total_s:.0f} CPU-s  peak {peak:.0f} MB "
          f"(above {above:.0f})  {'; '.join(parts)}", flush=True)  # fmt: skip


def main() -> None:
    """A row for each index."""
    options = dict(argument.split("=", 1) for argument in sys.argv[1:])
    faiss.omp_set_num_threads(1)
    rows, queries = sources(options)
    hours = rows.num_rows / 3600 / RATE
    print(f"{hours:.2f} h, {rows.num_rows} frames of {WIDTH}")
    truth = {kind: (asked, *exact_answer(rows, asked)) for kind, asked in queries.items()}
    for name in INDEXES:
        if options.get("only", "") in name:
            compare(name, options, hours, truth)


if __name__ == "__main__":
    main()
