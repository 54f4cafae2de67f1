"""Transitions between sounds: slopes of the cepstrum at phone boundaries and elsewhere.

Delta-cepstral distance: the mel-cepstra c_1..c_24 (those of MCD*) get a regression line over 55 ms; the distance is
10 / ln 10 * sqrt(2 sum (Dc - Dc')^2) per second between the slopes of estimate and reference, averaged over the active
frames within 30 ms of a phone boundary ("boundary"), and over those more than 60 ms away from all ("elsewhere").
The excess is boundary minus elsewhere: the loss that is specific to transitions. dB/s, lower is better.
Undefined (NaN) without boundaries (which come from the annotations of embedded voices) or if there is no active frame
of a kind. Fast songs have few frames elsewhere.

Reference: Furui, IEEE TASSP 34(1), 1986 (slopes over 50 ms). The distance is our own definition.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from duetto.evaluation.analysis.spectra import CONTOUR_HOP_S, active_frames, at_contour
from duetto.evaluation.measure import Comparison, Measure, Scores
from duetto.evaluation.metric import against_reference, distance
from duetto.evaluation.metrics.cepstral import DB_PER_NEPER

HALF_SLOPE_FRAMES = 5  # 55 ms in all
NEAR_S = 0.03
FAR_S = 0.06

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class DeltaDistance:
    """Mean distance between slopes, dB/s; NaN where undefined."""

    boundary: float
    elsewhere: float

    @property
    def excess(self) -> float:
        """Boundary minus elsewhere, dB/s."""
        return self.boundary - self.elsewhere


def delta_cepstral_distance(
    reference: FloatArray, estimate: FloatArray, is_active: NDArray[np.bool_], boundaries_s: Sequence[float] | None
) -> DeltaDistance:
    """Distance between the cepstral slopes of two performances of the same phones.

    Args:
        reference: From `mel_cepstrum`, (T, 24), nepers, a row every 5 ms.
        estimate: (T, 24), analysed at the same pitch.
        is_active: Frames in which the reference sings, (T,).
        boundaries_s: Times of the phone boundaries, s; None = unknown.

    Raises:
        ValueError: If the lengths differ.
    """
    if not len(reference) == len(estimate) == len(is_active):
        raise ValueError(f"Lengths differ: {len(reference)}, {len(estimate)} and {len(is_active)} frames.")
    if not boundaries_s or not len(reference):
        return DeltaDistance(math.nan, math.nan)
    difference = cepstral_slopes(reference) - cepstral_slopes(estimate)
    distance = 0.5 * DB_PER_NEPER * np.sqrt(2.0 * np.sum(difference**2, axis=1))
    times_s = np.arange(len(distance), dtype=np.float64) * CONTOUR_HOP_S
    away_s = _seconds_to_nearest(times_s, np.sort(np.asarray(boundaries_s, dtype=np.float64)))
    return DeltaDistance(_mean(distance[is_active & (away_s <= NEAR_S)]), _mean(distance[is_active & (away_s > FAR_S)]))


def cepstral_slopes(cepstrum: FloatArray) -> FloatArray:
    """Slope of every coefficient (T, D), per second, by linear regression over 11 frames; edges repeat."""
    offsets = np.arange(-HALF_SLOPE_FRAMES, HALF_SLOPE_FRAMES + 1)
    weights = offsets / (np.sum(offsets**2) * CONTOUR_HOP_S)
    return np.asarray(correlate1d(cepstrum, weights, axis=0, mode="nearest"))


def _seconds_to_nearest(times_s: FloatArray, boundaries_s: FloatArray) -> FloatArray:
    after = np.clip(np.searchsorted(boundaries_s, times_s), 0, boundaries_s.size - 1)
    before = np.maximum(after - 1, 0)
    return np.minimum(np.abs(times_s - boundaries_s[after]), np.abs(times_s - boundaries_s[before]))


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if values.size else math.nan


def _compare(pair: Comparison) -> Scores:
    reference, estimate = pair.reference, pair.estimate
    is_active = at_contour(active_frames(reference.spectra), reference.f0_hz.size)
    is_heard = not estimate.spectra.is_silent
    delta = delta_cepstral_distance(reference.cepstrum, estimate.cepstrum, is_active & is_heard, pair.boundaries_s)
    return {
        "delta_distance_boundary": delta.boundary,
        "delta_distance_elsewhere": delta.elsewhere,
        "delta_distance_excess": delta.excess,
    }


MEASURE = Measure(
    metrics=(
        *distance(
            "delta_distance_boundary",
            "transition distance",
            "dB/s",
            "Difference of the cepstrum's slopes within 30 ms of a phone boundary.",
            group="transitions",
            digits=0,
        ),
        *distance(
            "delta_distance_elsewhere",
            "steady-frame distance",
            "dB/s",
            "The same more than 60 ms from every boundary.",
            group="transitions",
            digits=0,
        ),
        *against_reference(
            "delta_distance_excess",
            "Transition excess",
            "dB/s",
            "down",
            "Boundary minus elsewhere: the loss specific to transitions.",
            group="transitions",
            digits=0,
        ),
    ),
    compare=_compare,
)
