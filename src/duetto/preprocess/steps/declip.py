"""Restores clipped samples from the samples on either side.

A run of at least three samples within 0.1 % of the clip's peak counts as clipped. Its samples become
those that an autoregressive model of the surroundings finds most likely, given the samples beside the
run (least squares); where the surroundings are too short, a cubic through the neighbours. Either way no sample ends
below the level at which it was clipped, which is known to be its minimum.

Reference: Janssen, Veldhuis & Vries, "Adaptive interpolation of discrete-time signals that can be
modeled as autoregressive processes", IEEE TASSP 34(2), 1986.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.linalg import solve, solve_toeplitz

from duetto.corpus.manifest import Dropped
from duetto.preprocess.segment import Drops, Segments
from duetto.settings.config import require
from duetto.spans import Span, true_spans
from duetto.storage.audio import Waveform

NEAR_PEAK = 0.999  # within 0.1 % of the peak
MIN_RUN = 3  # samples; shorter runs are ordinary peaks
MIN_PEAK = 0.1  # softer clips are not clipped
ORDER = 32  # of the autoregressive model
CONTEXT = 8 * ORDER  # samples on either side of a run
ITERATIONS = 3
RIDGE = 1e-9  # share of the power, so that a pure tone has a solution
NUM_KNOTS = 4  # samples on either side that the cubic goes through


@dataclass(frozen=True)
class Declip:
    """Clipped runs filled in."""

    needs_channels: ClassVar[bool] = True

    longest_ms: float = 5.0  # longer runs cannot be restored and are left

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        require(self.longest_ms > 0, f"preprocess.declip.longest_ms={self.longest_ms}: expected more than 0 ms.")

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Repair every segment; lengths are unchanged. A remark gives the share of clipped samples."""
        if not segments:
            return (), ()
        level = max(float(np.max(np.abs(segment.waveform), initial=0.0)) for segment in segments) * NEAR_PEAK
        num_clipped = num_left = 0
        repaired = []
        for segment in segments:
            longest = max(1, round(self.longest_ms * segment.sample_rate / 1000))
            channels = segment.channels.copy()
            for channel in channels:
                runs = clipped_runs(channel, level)
                num_clipped += sum(last - first for first, last in runs)
                num_left += sum(last - first for first, last in runs if last - first > longest)
                channel[:] = fill_runs(channel, [run for run in runs if run[1] - run[0] <= longest], level)
            repaired.append(segment.with_waveform(channels))
        if not num_clipped:
            return segments, ()
        share = num_clipped / sum(segment.waveform.size for segment in segments)
        reason = f"{share:.3%} of the samples were clipped; {1 - num_left / num_clipped:.0%} of these were filled in"
        return tuple(repaired), (Dropped(segments[0].clip_id, 0.0, reason),)


def clipped_runs(waveform: Waveform, level: float) -> list[Span]:
    """Runs (first, one past the last) of a mono waveform (S,) that lie at a level or beyond on one side."""
    if level < MIN_PEAK:
        return []
    return sorted(true_spans(waveform >= level, MIN_RUN) + true_spans(waveform <= -level, MIN_RUN))


def fill_runs(waveform: Waveform, runs: list[Span], level: float) -> Waveform:
    """A mono waveform (S,) with the given runs filled in, each at `level` or beyond, (S,)."""
    filled = waveform.astype(np.float64)
    is_known = np.ones(len(filled), dtype=bool)
    for first, last in runs:
        is_known[first:last] = False
    for first, last in runs:  # a first guess for all, so that each run has complete surroundings
        filled[first:last] = _beyond(_cubic(filled, is_known, first, last), waveform[first], level)
    for first, last in runs:
        if first >= ORDER and last + ORDER <= len(filled):
            begin, end = max(0, first - CONTEXT), min(len(filled), last + CONTEXT)
            missing = np.arange(first - begin, last - begin)
            values = _autoregressive(filled[begin:end], missing)
            filled[first:last] = _beyond(values, waveform[first], level)
    return filled.astype(np.float32)


def _beyond(values: NDArray[np.float64], clipped: np.float32, level: float) -> NDArray[np.float64]:
    return np.sign(clipped) * np.maximum(np.sign(clipped) * values, max(level, abs(float(clipped))))


def _cubic(filled: NDArray[np.float64], is_known: NDArray[np.bool_], first: int, last: int) -> NDArray[np.float64]:
    """A cubic spline through the known samples beside a run; the run itself where there are too few."""
    near = np.arange(max(0, first - 4 * NUM_KNOTS), min(len(filled), last + 4 * NUM_KNOTS))
    known = near[is_known[near]]
    before, after = known[known < first][-NUM_KNOTS:], known[known >= last][:NUM_KNOTS]
    if len(before) < 2 or len(after) < 2:
        return filled[first:last]
    knots = np.concatenate([before, after])
    return np.asarray(CubicSpline(knots, filled[knots])(np.arange(first, last)))


def _autoregressive(stretch: NDArray[np.float64], missing: NDArray[np.int64]) -> NDArray[np.float64]:
    """The most likely values of the missing samples of a stretch (S,), given the others (Janssen 1986, eq. 12)."""
    stretch = stretch.copy()
    for _ in range(ITERATIONS):
        correlation = np.correlate(stretch, stretch, "full")[len(stretch) - 1 :][: ORDER + 1]
        correlation[0] *= 1 + RIDGE
        if correlation[0] <= 0:
            break
        error_filter = np.concatenate([[1.0], -solve_toeplitz(correlation[:ORDER], correlation[1:])])
        # b(l) = sum_k a(k) a(k + l): the error's energy is quadratic in the missing samples with this matrix.
        b = np.correlate(error_filter, error_filter, "full")[ORDER:]
        known = stretch.copy()
        known[missing] = 0.0
        right = -np.convolve(known, np.concatenate([b[:0:-1], b]), "same")[missing]
        distance = np.abs(missing[:, None] - missing[None])
        matrix = np.where(distance <= ORDER, b[np.minimum(distance, ORDER)], 0.0)
        stretch[missing] = solve(matrix, right, assume_a="pos")
    return stretch[missing]
