"""A search of content frames in an index that holds only the encoder's units (`duetto.features.units`).

It answers as a faiss index over the frames does. The units nearest to a query are searched; every frame that lies
beside one of them is then made from its two units, and the nearest of those frames are the answer.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetto.features.units import EVERY_FRAME, Frames, UnitGrid, mix_units

UNITS_PER_NEIGHBOUR = 12  # units searched for each neighbour wanted (docs/decisions/retrieval-index.md)
QUERIES = 128  # queries whose units are read at once
BLOCK = 8192  # frames made at once


@dataclass(frozen=True)
class Layout:
    """Which units each frame lies between, over all clips."""

    left: NDArray[np.int64]  # (N,), rising
    share: Frames  # (N,), of the unit after it

    @classmethod
    def of_clips(cls, clips: list[tuple[int, int]], grid: UnitGrid) -> "Layout":
        """From the frames and units of each clip; a clip with as many units as frames is stored frame by frame."""
        lefts, shares, units = [np.empty(0, np.int64)], [np.empty(0, np.float32)], 0
        for num_frames, num_units in clips:
            left, share = (EVERY_FRAME if num_frames == num_units else grid).places(num_frames, num_units)
            lefts.append(left + units)
            shares.append(share)
            units += num_units
        return cls(np.concatenate(lefts), np.concatenate(shares))


class UnitIndex:
    """A faiss index over units, searched for frames."""

    def __init__(self, units: Any, searcher: Any, layout: Layout) -> None:
        """Take both.

        Args:
            units: faiss index of all units, which gives them back by number.
            searcher: The same, on the device where it is searched.
            layout: Of the frames.
        """
        self.units, self.searcher, self.layout = units, searcher, layout
        self.d, self.ntotal = units.d, len(layout.left)

    def search(self, queries: Frames, neighbours: int) -> tuple[Frames, NDArray[np.int64]]:
        """Squared distances and numbers of the nearest frames, (Q, k) each; number -1 = none found."""
        distances = np.full((len(queries), neighbours), np.inf, np.float32)
        numbers = np.full((len(queries), neighbours), -1, np.int64)
        for start in range(0, len(queries), QUERIES):
            block = slice(start, start + QUERIES)
            self._search_block(queries[block], distances[block], numbers[block])
        return distances, numbers

    def reconstruct_batch(self, numbers: NDArray[np.int64]) -> Frames:
        """Frames by number, (n, D)."""
        left, share = self.layout.left[numbers], self.layout.share[numbers]
        known, places = np.unique(np.concatenate([left, self._after(left)]), return_inverse=True)
        units = self.units.reconstruct_batch(known)
        before, after = places.reshape(2, -1)
        return np.asarray(units[before] * (1 - share)[:, None] + units[after] * share[:, None], np.float32)

    def reconstruct_n(self, start: int, count: int) -> Frames:
        """Frames in their order, (count, D)."""
        rows = np.empty((count, self.d), np.float32)
        for begin in range(0, count, BLOCK):
            numbers = np.arange(start + begin, start + min(begin + BLOCK, count))
            rows[begin : begin + len(numbers)] = self.reconstruct_batch(numbers)
        return rows

    def _after(self, left: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.minimum(left + 1, self.units.ntotal - 1)

    def _search_block(self, queries: Frames, distances: Frames, numbers: NDArray[np.int64]) -> None:
        neighbours = distances.shape[1]
        _, found = self.searcher.search(queries, min(UNITS_PER_NEIGHBOUR * neighbours, self.units.ntotal))
        known = np.unique(found[found >= 0])
        beside = np.unique(np.clip(np.concatenate([known - 1, known, known + 1]), 0, self.units.ntotal - 1))
        units = self.units.reconstruct_batch(beside) if len(beside) else np.empty((0, self.d), np.float32)
        for row, query in enumerate(queries):
            frames = self._frames_beside(found[row][found[row] >= 0])
            made = mix_units(units, np.searchsorted(beside, self.layout.left[frames]), self.layout.share[frames])
            squared = np.square(made - query).sum(axis=1)
            nearest = np.argsort(squared, kind="stable")[:neighbours]
            distances[row, : len(nearest)] = squared[nearest]
            numbers[row, : len(nearest)] = frames[nearest]

    def _frames_beside(self, units: NDArray[np.int64]) -> NDArray[np.int64]:
        """Numbers of the frames that have one of these units on either side, rising."""
        starts = np.unique(np.concatenate([units - 1, units]))
        first = np.searchsorted(self.layout.left, starts)
        sizes = np.searchsorted(self.layout.left, starts, side="right") - first
        offsets = np.repeat(first - (np.cumsum(sizes) - sizes), sizes)
        return np.asarray(offsets + np.arange(int(sizes.sum())), np.int64)
