"""Articulation: the slope of the second formant across phone boundaries.

F2 comes from linear prediction by Burg's method (order 10 at 11 kHz, Gaussian window of 50 ms, pre-emphasis from
50 Hz, as Praat's "To Formant (burg)" is set up), its slope is the median of the slopes between all pairs of values
within 30 ms of a boundary (Theil and Sen), and the error is the root mean square difference to the reference over
boundaries, Hz/ms, lower is better. Only boundaries with F0 below 300 Hz throughout count; above, harmonics are mistaken
for formants. Undefined (NaN) without boundaries or when fewer than 3 of them can be read in both.

References: Burg, 1975; Weismer et al. on F2 slopes in speech, JASA 91(2), 1992. Independent implementation: Praat is
GPL.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from duetto.evaluation.analysis.spectra import CONTOUR_HOP_S, SAMPLE_RATE
from duetto.evaluation.measure import Comparison, Measure, Scores
from duetto.evaluation.metric import distance
from duetto.storage.audio import Waveform, resample

RATE = 11_000  # Hz: five formants below 5.5 kHz
ORDER = 10
WINDOW_S = 0.05
PRE_EMPHASIS_HZ = 50.0
HALF_FRAMES = 6  # 30 ms
MIN_VALUES = 8  # of 13
MIN_BOUNDARIES = 3
MAX_F0_HZ = 300.0
MAX_BANDWIDTH_HZ = 700.0
LOWEST_HZ, HIGHEST_HZ = 150.0, 5300.0  # of a formant
F2_HZ = (500.0, 3500.0)

FloatArray = NDArray[np.float64]


def f2_slope_error(
    reference: Waveform,
    estimate: Waveform,
    sample_rate: int,
    f0_hz: FloatArray,
    boundaries_s: Sequence[float] | None,
) -> float:
    """Error of the second formant's slope at phone boundaries.

    Args:
        reference: (S,).
        estimate: (S,), the same phones at the same time.
        sample_rate: Of both, Hz.
        f0_hz: The reference's contour, (T,), a value every 5 ms, 0.0 = unvoiced.
        boundaries_s: Times of the phone boundaries, s; None = unknown.

    Returns:
        Hz/ms; NaN when fewer than 3 boundaries can be read.
    """
    frames = readable_boundaries(f0_hz, boundaries_s or ())
    if frames.size < MIN_BOUNDARIES:
        return math.nan
    first, second = (f2_slopes(waveform, sample_rate, frames, f0_hz) for waveform in (reference, estimate))
    difference = (first - second)[np.isfinite(first - second)]
    return float(np.sqrt(np.mean(difference**2))) if difference.size >= MIN_BOUNDARIES else math.nan


def readable_boundaries(f0_hz: FloatArray, boundaries_s: Sequence[float]) -> NDArray[np.int64]:
    """Contour frames, (N,), of the boundaries with at least 8 of 13 frames voiced and none above 300 Hz."""
    frames = np.rint(np.asarray(boundaries_s, dtype=np.float64) / CONTOUR_HOP_S).astype(int)
    frames = frames[(frames >= HALF_FRAMES) & (frames < f0_hz.size - HALF_FRAMES)]
    if not frames.size:
        return frames
    around = f0_hz[frames[:, None] + np.arange(-HALF_FRAMES, HALF_FRAMES + 1)]
    return frames[((around > 0.0).sum(axis=1) >= MIN_VALUES) & (around.max(axis=1) <= MAX_F0_HZ)]


def f2_slopes(waveform: Waveform, sample_rate: int, frames: NDArray[np.int64], f0_hz: FloatArray) -> FloatArray:
    """Slope of F2 about contour frames (N,), Hz/ms, (N,); NaN where fewer than 8 values can be read."""
    around = frames[:, None] + np.arange(-HALF_FRAMES, HALF_FRAMES + 1)
    times_s = np.asarray(around.reshape(-1) * CONTOUR_HOP_S, dtype=np.float64)
    f2_hz = second_formant(waveform, sample_rate, times_s).reshape(around.shape)
    f2_hz = np.where(f0_hz[around] > 0.0, f2_hz, np.nan)
    first, second = np.triu_indices(around.shape[1], k=1)
    slopes = (f2_hz[:, second] - f2_hz[:, first]) / ((second - first) * CONTOUR_HOP_S * 1000.0)
    is_read = np.isfinite(f2_hz).sum(axis=1) >= MIN_VALUES
    result = np.full(len(frames), np.nan)
    if is_read.any():
        result[is_read] = np.nanmedian(slopes[is_read], axis=1)
    return result


def second_formant(waveform: Waveform, sample_rate: int, times_s: FloatArray) -> FloatArray:
    """F2 at the given times (N,), Hz; NaN where there is none."""
    samples = resample(np.asarray(waveform, dtype=np.float32), sample_rate, RATE).astype(np.float64)
    samples = samples - math.exp(-2.0 * math.pi * PRE_EMPHASIS_HZ / RATE) * np.concatenate(([0.0], samples[:-1]))
    length = round(WINDOW_S * RATE)
    padded = np.pad(samples, length)
    starts = np.rint(times_s * RATE).astype(int) + length - length // 2
    pieces = padded[np.clip(starts, 0, padded.size - length)[:, None] + np.arange(length)]
    place = (np.arange(length) - (length - 1) / 2.0) / (length / 2.0)
    coefficients = burg(pieces * np.exp(-6.0 * place**2), ORDER)
    return _second_pole(coefficients)


def burg(pieces: FloatArray, order: int) -> FloatArray:
    """Prediction polynomials 1 + a_1 z^-1 + ... of windowed pieces (N, L) by Burg's recursion, (N, order + 1)."""
    forward, backward = pieces[:, 1:].copy(), pieces[:, :-1].copy()
    polynomial = np.ones((len(pieces), 1))
    for _ in range(order):
        energy = np.sum(forward**2 + backward**2, axis=1)
        reflection = -2.0 * np.sum(forward * backward, axis=1) / np.maximum(energy, np.finfo(np.float64).tiny)
        longer = np.pad(polynomial, ((0, 0), (0, 1)))
        polynomial = longer + reflection[:, None] * longer[:, ::-1]
        forward, backward = (
            (forward + reflection[:, None] * backward)[:, 1:],
            (backward + reflection[:, None] * forward)[:, :-1],
        )
    return polynomial


def _second_pole(polynomials: FloatArray) -> FloatArray:
    """Frequency of the second resonance of prediction polynomials (N, P + 1), Hz, (N,); NaN where there is none."""
    order = polynomials.shape[1] - 1
    companion = np.zeros((len(polynomials), order, order))
    companion[:, 0] = -polynomials[:, 1:]
    companion[:, np.arange(1, order), np.arange(order - 1)] = 1.0
    poles = np.linalg.eigvals(companion)
    frequency = np.angle(poles) * RATE / (2.0 * np.pi)
    bandwidth = -np.log(np.maximum(np.abs(poles), 1e-12)) * RATE / np.pi
    is_formant = (frequency > LOWEST_HZ) & (frequency < HIGHEST_HZ) & (bandwidth < MAX_BANDWIDTH_HZ)
    second = np.sort(np.where(is_formant, frequency, np.inf), axis=1)[:, 1]
    return np.where((second >= F2_HZ[0]) & (second <= F2_HZ[1]), second, np.nan)


def _compare(pair: Comparison) -> Scores:
    reference, estimate = pair.reference, pair.estimate
    error = f2_slope_error(reference.waveform, estimate.waveform, SAMPLE_RATE, reference.f0_hz, pair.boundaries_s)
    return {"f2_slope_error": error}


MEASURE = Measure(
    metrics=(
        *distance(
            "f2_slope_error",
            "F2 slope error",
            "Hz/ms",
            "Error of the second formant's slope at phone boundaries, F0 below 300 Hz.",
            group="transitions",
        ),
    ),
    compare=_compare,
)
