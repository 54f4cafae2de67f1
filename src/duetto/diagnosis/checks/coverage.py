"""Coverage of vowels: the area that the first two formants cover.

Formants are LPC poles of voiced frames below 300 Hz; above, harmonics are too far apart (error over 3 Hz/ms). A cell is
one Bark wide in F1 and F2 and counts from 0.1 s. This is a proxy: it shows whether vowels are missing, not which.

Predicts case D: sounds that were never recorded are borrowed from their neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from duetto.diagnosis.finding import Finding, graded
from duetto.diagnosis.sound import FRAME_S, Heard
from duetto.storage.audio import resample

RATE = 10_000  # Hz
ORDER = 12
WINDOW_S = 0.03
EVERY = 3  # frames
HIGHEST_F0_HZ = 300.0
F1_HZ, F2_HZ = (200.0, 1100.0), (600.0, 3200.0)
BROADEST_HZ = 500.0  # bandwidth of a formant's pole
CELL_S = 0.1
LEAST_S = 8.0
FEW, VERY_FEW = 5, 3  # cells


@dataclass(frozen=True)
class CoverageEvidence:
    """Seconds in each cell (F1, F2) in Bark, (12, 18), and seconds whose pitch was too high."""

    seconds: NDArray[np.float64]
    too_high_s: float


def measure(heard: Heard) -> CoverageEvidence:
    """Measure the formants of a sound."""
    seconds = np.zeros((12, 18))
    voiced = np.flatnonzero(heard.f0_hz > 0)
    low = voiced[heard.f0_hz[voiced] < HIGHEST_F0_HZ][::EVERY]
    too_high_s = float(np.sum(heard.f0_hz[voiced] >= HIGHEST_F0_HZ)) * FRAME_S
    at_s = np.asarray((low + 0.5) * FRAME_S, dtype=np.float64)
    at_rate = resample(heard.mono, heard.sample_rate, RATE)
    formants = find_formants(at_rate, at_s) if len(low) else np.zeros((0, 2))
    known = formants[np.isfinite(formants).all(axis=1)]
    cells = np.floor(bark(known)).astype(np.int64)
    np.add.at(seconds, (np.clip(cells[:, 0], 0, 11), np.clip(cells[:, 1], 0, 17)), EVERY * FRAME_S)
    return CoverageEvidence(seconds, too_high_s)


def conclude(evidence: Sequence[CoverageEvidence]) -> Finding:
    """Judge the vowels of a corpus."""
    seconds = np.sum([item.seconds for item in evidence], axis=0) if evidence else np.zeros((12, 18))
    total, high = float(seconds.sum()), sum(item.too_high_s for item in evidence)
    numbers = {"vowel_cells": effective_cells(seconds), "known_s": total, "too_high_s": high}
    if total < LEAST_S:
        reason = f"only {total:.0f} s are sung below {HIGHEST_F0_HZ:g} Hz; {LEAST_S:g} s are needed to measure formants"
        return Finding("coverage", "unknown", reason, numbers)
    what = f"vowels spread over {numbers['vowel_cells']:.0f} cells of one Bark"
    severity = graded(-numbers["vowel_cells"], -FEW, -VERY_FEW)
    if severity == "fine":
        return Finding("coverage", severity, what, numbers)
    return Finding(
        "coverage",
        severity,
        what,
        numbers,
        "Vowels that were never recorded are borrowed from their neighbours: words blur (case D).",
        "Add singing with other words. This is only a proxy: listen before you record again.",
    )


def find_formants(waveform: NDArray[np.float32], at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """First two formants at the given times of a waveform (S,) at 10 kHz, Hz, (K, 2); NaN if there are none."""
    width = round(WINDOW_S * RATE)
    padded = np.pad(lfilter([1.0, -0.95], [1.0], waveform.astype(np.float64)), (width // 2, width))
    first = np.clip(np.round(at_s * RATE).astype(np.int64), 0, len(waveform))
    frames = np.lib.stride_tricks.sliding_window_view(padded, width)[first] * np.hamming(width)
    spectrum = np.abs(np.fft.rfft(frames, 2 * width)) ** 2
    lags = np.fft.irfft(spectrum)[:, : ORDER + 1]
    lags[:, 0] = lags[:, 0] * 1.0001 + 1e-12
    index = np.abs(np.arange(ORDER)[:, None] - np.arange(ORDER)[None])
    predictor = np.linalg.solve(lags[:, index], lags[:, 1:, None])[..., 0]
    companion = np.zeros((len(frames), ORDER, ORDER))
    companion[:, 0] = predictor
    companion[:, np.arange(1, ORDER), np.arange(ORDER - 1)] = 1.0
    poles = np.linalg.eigvals(companion)
    frequency = np.angle(poles) * RATE / (2 * np.pi)
    bandwidth = -np.log(np.maximum(np.abs(poles), 1e-9)) * RATE / np.pi
    is_formant = (frequency > F1_HZ[0]) & (bandwidth < BROADEST_HZ)
    ordered = np.sort(np.where(is_formant, frequency, np.inf), axis=1)[:, :2]
    good = (ordered[:, 0] < F1_HZ[1]) & (ordered[:, 1] > F2_HZ[0]) & (ordered[:, 1] < F2_HZ[1])
    return np.where(good[:, None], ordered, np.nan)


def effective_cells(seconds: NDArray[np.float64]) -> float:
    """Number of cells as the exponential of the entropy of their seconds; cells under 0.1 s do not count."""
    kept = seconds[seconds >= CELL_S]
    if not len(kept):
        return 0.0
    share = kept / kept.sum()
    return float(np.exp(-np.sum(share * np.log(share))))


def bark(frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Critical-band rate (Traunmueller 1990)."""
    return 26.81 * frequency_hz / (1960.0 + frequency_hz) - 0.53
