"""Retrieval: content frames of the source are blended with the nearest frames of the target's training data.

RVC's idea: the target's own frames carry less of the source's timbre. Upstream weighs the k
neighbours by 1 / d^4 (faiss returns squared L2 distances d^2, upstream squares their reciprocal),
which is inf / inf on an exact hit and 0 / 0 on an empty cell. Here the squared distance has a floor
and missing neighbours have no weight. Deviation 1 (docs/deviations.md).

Up to `EXACT_ROWS` rows the search is exact (recall 1). Beyond, a training writes a compact index
(`duetto.conversion.compact_index`, docs/decisions/retrieval-index.md). The rows of a foreign index are kept as they
are: `build_index` lays sqrt(N) inverted lists over them, whose probe count is raised until recall@k against the exact
search reaches `MIN_RECALL` on a sample (docs/decisions/retrieval.md). With a CUDA device and
faiss-gpu the search runs there, over the same lists and probes.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from duetto.conversion.card_index import on_fastest_device
from duetto.conversion.unit_index import Layout, UnitIndex
from duetto.errors import CheckpointError, StorageError
from duetto.features.units import UnitGrid
from duetto.settings.config import RetrievalConfig
from duetto.storage.digests import digests_beside, require_undamaged
from duetto.storage.files import atomic_path, read_object, write_json
from duetto.storage.run_folder import VOICE_CARD_NAME

INDEX_NAME = "index.faiss"
CARD_NAME = "index.json"
REMEDY = (
    "Convert with index_rate=0, or delete the folder that it lies in and give the command again that made it: a "
    "training writes its voice anew from its last checkpoint."
)
EXACT_ROWS = 20_000
MIN_RECALL = 0.95
RECALL_QUERIES = 500
TRAINING_ROWS_PER_LIST = 64  # for k-means; more cost time and change recall by less than 0.01
KMEANS_ITERATIONS = 10
NO_MAP = 0  # faiss.DirectMap.NoMap
BATCH = 1024  # frames searched at once
DISTANCE_FLOOR = 1e-6  # squared distance of an exact hit, relative to the mean squared norm of the index

Frames = NDArray[np.float32]


@dataclass(frozen=True)
class IndexCard:
    """Description of an index; stored beside it and checked on loading."""

    encoder: str
    layer: int
    dimension: int
    num_rows: int
    kind: str  # faiss factory string
    recall_at_k: float  # against exact search; 1.0 when exact
    neighbours: int
    mean_squared_norm: float
    seed: int
    clips: list[tuple[int, int]] | None = None  # frames and units of each; None = the index holds frames
    grid: tuple[float, float, bool] | None = None  # `UnitGrid` of the clips that hold fewer units than frames

    @property
    def counts(self) -> tuple[int, int]:
        """Frames that are searched, and rows of the index, as the clips add up."""
        if self.clips is None:
            return self.num_rows, self.num_rows
        return sum(frames for frames, _ in self.clips), sum(units for _, units in self.clips)


class RetrievalIndex:
    """A faiss index over content frames (N, D)."""

    def __init__(self, index: Any, card: IndexCard) -> None:
        number_rows(index)
        searcher = on_fastest_device(index)
        if card.clips is not None and card.grid is not None:
            layout = Layout.of_clips(card.clips, UnitGrid(*card.grid))
            index = searcher = UnitIndex(index, searcher, layout)
        self.index = index  # gives rows back by number
        self.searcher = searcher
        self.card = card

    def search(self, content: Frames, neighbours: int) -> tuple[Frames, NDArray[np.int64]]:
        """Squared distances and row numbers of the nearest rows, (T, k) each; number -1 = none found."""
        content = np.ascontiguousarray(content, np.float32)
        starts = range(0, max(len(content), 1), BATCH)
        found = [self.searcher.search(content[start : start + BATCH], neighbours) for start in starts]
        return np.concatenate([pair[0] for pair in found]), np.concatenate([pair[1] for pair in found])

    @property
    def rows(self) -> Frames:
        """All rows in their order, (N, D), a copy."""
        return np.asarray(self.index.reconstruct_n(0, self.card.num_rows), np.float32)

    @property
    def stored_rows(self) -> Frames:
        """All rows that the file holds, a copy: the encoder's units (U, D) in a compact index, else the frames."""
        stored = self.index.units if isinstance(self.index, UnitIndex) else self.index
        return np.asarray(stored.reconstruct_n(0, stored.ntotal), np.float32)

    def read_rows(self, ids: NDArray[np.int64]) -> Frames:
        """Rows of the index by number, any shape of numbers, (..., D); for -1 the first row."""
        unique, inverse = np.unique(np.maximum(ids, 0), return_inverse=True)
        return np.asarray(self.index.reconstruct_batch(unique)[inverse.reshape(ids.shape)], np.float32)

    def blend(self, content: Frames, is_voiced: NDArray[np.bool_], config: RetrievalConfig) -> Frames:
        """Move content frames towards the target's.

        Args:
            content: (T, D), frames of the source.
            is_voiced: (T,), where the source is voiced.
            config: Share, number of neighbours, and `protect`: the part of the share that unvoiced
                frames keep (0.5 or more: all of it), so that breaths and consonants stay the source's.

        Returns:
            (T, D), finite.

        Raises:
            CheckpointError: If the width differs from the index's.
        """
        if content.shape[1] != self.card.dimension:
            raise CheckpointError(
                f"The index holds {self.card.dimension}-wide frames of {self.card.encoder}, but the content is "
                f"{content.shape[1]} wide. Use the encoder that the voice was trained with."
            )
        if config.index_rate == 0:
            return content
        distances, ids = self.search(content, config.neighbours)
        floor = DISTANCE_FLOOR * max(self.card.mean_squared_norm, 1e-12)
        weights = np.where(ids >= 0, np.maximum(distances, floor) ** -2.0, 0.0)
        total = weights.sum(axis=1, keepdims=True)
        found = total[:, 0] > 0
        weights = weights / np.where(total > 0, total, 1.0)
        retrieved = np.einsum("tk,tkd->td", weights, self.read_rows(ids))
        unvoiced_share = config.index_rate * (config.protect if config.protect < 0.5 else 1.0)
        share = np.where(is_voiced, config.index_rate, unvoiced_share) * found
        return np.asarray(content + share[:, None] * (retrieved - content), np.float32)


def number_rows(index: Any) -> None:
    """Make rows of inverted lists readable by number, from the lists alone: a map in a file may point anywhere.

    Raises:
        CheckpointError: If the rows are not numbered 0 to N-1, each once, as after some were removed or added anew.
    """
    if not isinstance(index, faiss.IndexIVF):
        return
    inverted: Any = index
    lists = inverted.invlists
    ids = [np.empty(0, np.int64)]
    for number in range(inverted.nlist):
        size = lists.list_size(number)
        ids += [faiss.rev_swig_ptr(lists.get_ids(number), size).copy()] if size else []
    if not np.array_equal(np.sort(np.concatenate(ids)), np.arange(index.ntotal)):
        raise CheckpointError("its rows are not numbered 0 to N-1, each once (some were removed, or added anew)")
    inverted.set_direct_map_type(NO_MAP)
    inverted.make_direct_map()


def build_index(rows: Frames, encoder: str, layer: int, neighbours: int, seed: int) -> RetrievalIndex:
    """Index content frames (N, D); the same rows and seed give the same index.

    Raises:
        CheckpointError: If there are no rows or a value is not finite.
    """
    rows = np.ascontiguousarray(rows, np.float32)
    if rows.ndim != 2 or len(rows) == 0 or not _are_finite(rows):
        raise CheckpointError(f"Cannot index content of shape {rows.shape}: expected finite rows (N, D).")
    if len(rows) <= EXACT_ROWS:
        index, kind, recall = faiss.IndexFlatL2(rows.shape[1]), "Flat", 1.0
        index.add(rows)
    else:
        index, kind, recall = _build_inverted_lists(rows, neighbours, seed)
    norm = float(np.einsum("nd,nd->", rows, rows, dtype=np.float64)) / len(rows)  # no copy of the rows
    card = IndexCard(encoder, layer, rows.shape[1], len(rows), kind, recall, neighbours, norm, seed)
    return RetrievalIndex(index, card)


def recall_at_k(index: Any, rows: Frames, queries: Frames, neighbours: int) -> float:
    """Share of the exact k nearest rows that `index` finds too."""
    return share_found(index, queries, exact_neighbours(rows, queries, neighbours))


def exact_neighbours(rows: Frames, queries: Frames, neighbours: int) -> NDArray[np.int64]:
    """Numbers of the k nearest rows to each query, (Q, k)."""
    return np.asarray(faiss.knn(queries, rows, neighbours)[1])  # without an index, which would copy the rows


def share_found(index: Any, queries: Frames, exact: NDArray[np.int64]) -> float:
    """Share of the true neighbours (Q, k) that `index` finds."""
    _, found = index.search(queries, exact.shape[1])
    hits = sum(len(set(a) & set(b)) for a, b in zip(exact.tolist(), found.tolist(), strict=True))
    return hits / exact.size


def _are_finite(rows: Frames) -> bool:
    return all(bool(np.isfinite(rows[start : start + BATCH]).all()) for start in range(0, len(rows), BATCH))


def _build_inverted_lists(rows: Frames, neighbours: int, seed: int) -> tuple[Any, str, float]:
    num_lists = int(np.sqrt(len(rows)))
    quantizer = faiss.IndexFlatL2(rows.shape[1])
    index = faiss.IndexIVFFlat(quantizer, rows.shape[1], num_lists)
    index.cp.seed, index.cp.niter = seed + 1, KMEANS_ITERATIONS
    index.cp.max_points_per_centroid = TRAINING_ROWS_PER_LIST
    index.train(rows)
    index.add(rows)
    generator = np.random.default_rng(seed)
    sample = rows[generator.choice(len(rows), min(RECALL_QUERIES, len(rows)), replace=False)]
    queries = sample + 0.1 * sample.std(axis=0) * generator.standard_normal(sample.shape).astype(np.float32)
    exact = exact_neighbours(rows, queries, neighbours)
    index.nprobe, recall = 1, share_found(index, queries, exact)
    while recall < MIN_RECALL and index.nprobe < num_lists:
        index.nprobe = min(index.nprobe * 2, num_lists)
        recall = share_found(index, queries, exact)
    return index, f"IVF{num_lists},Flat nprobe={index.nprobe}", recall


def save_index(retrieval: RetrievalIndex, folder: Path) -> None:
    """Write the index and its card atomically."""
    with atomic_path(folder / INDEX_NAME) as temporary:
        faiss.write_index(retrieval.index, str(temporary))
    save_card(retrieval.card, folder)


def save_card(card: IndexCard, folder: Path) -> None:
    """Write an index's card beside it."""
    write_json(folder / CARD_NAME, asdict(card))


def load_index(folder: Path) -> RetrievalIndex:
    """Read an index that `save_index` wrote.

    Raises:
        CheckpointError: If it is missing, truncated, or not what its card says.
    """
    path = folder / INDEX_NAME
    if not path.is_file():
        raise CheckpointError(f"The index {path} is missing. {REMEDY}")
    digests = digests_beside(folder / VOICE_CARD_NAME)
    require_undamaged(path, digests, REMEDY)
    try:
        card = IndexCard(**read_object(folder / CARD_NAME))
        index = faiss.read_index(str(path), 0 if card.clips is None else faiss.IO_FLAG_MMAP)
    except (StorageError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"The index {path} is damaged, or the {CARD_NAME} beside it. {REMEDY}") from error
    if index.d != card.dimension or (card.num_rows, index.ntotal) != card.counts:
        raise CheckpointError(f"{path} holds {index.ntotal} rows of {index.d}; its card says otherwise.")
    try:
        return RetrievalIndex(index, card)
    except CheckpointError as error:
        raise CheckpointError(f"The index {path} cannot be used: {error}. {REMEDY}") from error
