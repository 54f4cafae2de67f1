"""The index of a long training: the encoder's units in eight bits a value, built clip by clip.

One clip of the content is in memory at a time. All are gone through twice: for a sample that lists and value ranges are
trained on, and to encode them. Blocks of finished lists go to the disk (`duetto.conversion.index_writer`).
The table that this was chosen by is in docs/decisions/retrieval-index.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np
from numpy.typing import NDArray

from duetto.conversion.index_writer import ListWriter
from duetto.conversion.retrieval import (
    EXACT_ROWS,
    INDEX_NAME,
    KMEANS_ITERATIONS,
    NO_MAP,
    RECALL_QUERIES,
    TRAINING_ROWS_PER_LIST,
    Frames,
    IndexCard,
    build_index,
    save_card,
    save_index,
    share_found,
)
from duetto.conversion.unit_index import Layout, UnitIndex
from duetto.errors import CheckpointError
from duetto.features.units import UnitGrid, find_units
from duetto.storage.files import make_folder

MOST_LISTS = 1024  # so that the sample for k-means stays below 80 MB of 288-wide units
BLOCK_UNITS = 131_072  # encoded in memory before they go to the disk
ADDED_AT_ONCE = 8192
WORTH_PROBING = 0.003  # recall that twice the probes have to add; another singer's frames gain about twice as much
QUERY_NOISE = 0.5  # of the content's spread


class ContentRows(Protocol):
    """Content frames clip by clip, the same ones each time they are gone through."""

    num_rows: int  # N, over all clips
    grid: UnitGrid

    def __iter__(self) -> Iterator[Frames]:
        """The frames of each clip, (T, D)."""


@dataclass(frozen=True)
class IndexOrigin:
    """What the rows are, and what they are going to be asked."""

    encoder: str
    layer: int
    neighbours: int
    seed: int


@dataclass
class _Survey:
    clips: list[tuple[int, int]]  # frames and units of each
    sample: Frames  # units, (n, D); the last two rows hold the least and the greatest value of each dimension
    queries: Frames
    squared_norm: float  # of all frames together

    @property
    def num_units(self) -> int:
        return sum(units for _, units in self.clips)


def write_index(rows: ContentRows, origin: IndexOrigin, folder: Path) -> None:
    """Write the index of content frames and its card; the same rows and seed give the same bytes.

    Args:
        rows: Up to `EXACT_ROWS` of them are kept as they are and searched exactly.
        origin: For the card.
        folder: Of the voice.

    Raises:
        CheckpointError: If there are no rows or a value is not finite.
        StorageError: If the folder cannot be written.
    """
    make_folder(folder)
    if rows.num_rows <= EXACT_ROWS:
        clips = list(rows)
        whole = np.concatenate(clips) if clips else np.zeros((0, 0), np.float32)
        save_index(build_index(whole, origin.encoder, origin.layer, origin.neighbours, origin.seed), folder)
        return
    survey = _survey(rows, origin.seed)
    index = _train(survey, origin.seed)
    with ListWriter(folder) as writer:
        recall = _encode(rows, survey, index, origin.neighbours, writer)
        writer.write(index, folder / INDEX_NAME)
    kind = f"units IVF{index.nlist},SQ8 nprobe={index.nprobe}"
    grid = (rows.grid.first, rows.grid.step, rows.grid.is_held)
    num_rows = sum(frames for frames, _ in survey.clips)
    norm = survey.squared_norm / num_rows
    about = (origin.encoder, origin.layer, index.d, num_rows, kind, recall, origin.neighbours, norm, origin.seed)
    save_card(IndexCard(*about, clips=survey.clips, grid=grid), folder)


def _units_of(frames: Frames, grid: UnitGrid) -> Frames:
    """The units of a clip; its frames where they lie on another grid, or are fewer."""
    if len(frames) == 0 or not np.isfinite(frames).all():
        raise CheckpointError(f"Cannot index content of shape {frames.shape}: expected finite rows (N, D).")
    units = find_units(frames, grid)
    return frames if units is None or len(units) >= len(frames) else units


def _survey(rows: ContentRows, seed: int) -> _Survey:
    generator = np.random.default_rng(seed)
    wanted = TRAINING_ROWS_PER_LIST * _count_lists(int(rows.num_rows / rows.grid.step))
    share = wanted * rows.grid.step / rows.num_rows
    asked = np.sort(generator.choice(min(rows.num_rows, BLOCK_UNITS), RECALL_QUERIES, replace=False))
    clips, sample, queries, squared, seen = [], [], [], 0.0, 0
    low, high = np.full(1, np.inf, np.float32), np.full(1, -np.inf, np.float32)
    for frames in rows:
        units = _units_of(frames, rows.grid)
        clips.append((len(frames), len(units)))
        sample.append(units[generator.random(len(units)) < share])
        low, high = np.minimum(low, units.min(axis=0)), np.maximum(high, units.max(axis=0))
        queries.append(frames[asked[(asked >= seen) & (asked < seen + len(frames))] - seen])
        squared += float(np.einsum("nd,nd->", frames, frames, dtype=np.float64))
        seen += len(frames)
    near = np.concatenate(queries)
    near += QUERY_NOISE * near.std(axis=0) * generator.standard_normal(near.shape, np.float32)
    return _Survey(clips, np.concatenate([*sample, low[None], high[None]]), near, squared)


def _count_lists(num_units: int) -> int:
    return min(int(np.sqrt(num_units)), MOST_LISTS)


def _train(survey: _Survey, seed: int) -> Any:
    width = survey.sample.shape[1]
    lists, bits = _count_lists(survey.num_units), faiss.ScalarQuantizer.QT_8bit
    index = faiss.IndexIVFScalarQuantizer(faiss.IndexFlatL2(width), width, lists, bits, faiss.METRIC_L2, False)
    index.cp.seed, index.cp.niter = seed + 1, KMEANS_ITERATIONS
    index.cp.max_points_per_centroid = TRAINING_ROWS_PER_LIST
    index.train(survey.sample)
    return index


def _encode(rows: ContentRows, survey: _Survey, index: Any, neighbours: int, writer: ListWriter) -> float:
    """Encode all clips; sets the probes and gives the recall, both from the first block."""
    exact, recall = faiss.ResultHeap(len(survey.queries), neighbours), None
    num_units = num_frames = num_clips = 0
    for frames in rows:
        units = _units_of(frames, rows.grid)
        for start in range(0, len(units), ADDED_AT_ONCE):
            part = np.ascontiguousarray(units[start : start + ADDED_AT_ONCE])
            index.add_with_ids(part, np.arange(len(part)) + num_units + start)
        if recall is None:
            distances, numbers = faiss.knn(survey.queries, frames, min(neighbours, len(frames)))
            exact.add_result(distances, numbers + num_frames)
        num_units, num_frames, num_clips = num_units + len(units), num_frames + len(frames), num_clips + 1
        if index.ntotal >= BLOCK_UNITS or num_clips == len(survey.clips):
            if recall is None:
                exact.finalize()
                recall = _set_probes(
                    index, Layout.of_clips(survey.clips[:num_clips], rows.grid), survey.queries, exact.I
                )
            writer.add(index)
    return float(recall or 0.0)


def _set_probes(index: Any, layout: Layout, queries: Frames, exact: NDArray[np.int64]) -> float:
    """Double the probes from one until that finds hardly any more, and give the recall."""
    index.make_direct_map()
    frames, index.nprobe = UnitIndex(index, index, layout), 1
    recall, gain = share_found(frames, queries, exact), 1.0
    while gain >= WORTH_PROBING and index.nprobe < index.nlist:
        index.nprobe = min(index.nprobe * 2, index.nlist)
        before, recall = recall, share_found(frames, queries, exact)
        gain = recall - before
    index.set_direct_map_type(NO_MAP)
    return recall
