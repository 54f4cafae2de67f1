"""Codec cut-off: the frequency of a sudden fall of the long-term spectrum, at the file's own rate.

The measure is the steepest fall within 800 Hz of the level that the loudest 2 % of each bin's cells exceed. MP3 at
48 kbit/s ends at 11 kHz, at 32 kbit/s at 8.5 kHz; resampling from a low rate looks the same. Natural voices fall by at
most 18 dB, but by more below 6 kHz; there, only the empty band above a low rate counts. A file with a low sample rate
is judged without a fall.

Predicts: a dull voice, and high bands that the model has to invent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duetto.diagnosis.finding import Finding, Place, graded, worst_places
from duetto.diagnosis.sound import Heard
from duetto.preprocess.spectrum import bin_frequencies_hz

OVER_HZ = 800.0
LOWEST_HZ, CLIFF_DB = 6000.0, 22.0
DEEP_LOWEST_HZ, DEEP_CLIFF_DB = 2000.0, 40.0  # below 6 kHz natural falls are steeper, but never this deep
MARGIN = 0.94  # of Nyquist: the filters of converters are above it
LOUD_SHARE = 0.02
LOW_HZ, VERY_LOW_HZ = 17_000.0, 11_500.0
LEAST_FRAMES = 50


@dataclass(frozen=True)
class CodecEvidence:
    """Cut-off of one sound; NaN if undefined."""

    cutoff_hz: float  # NaN = no fall
    fall_db: float
    bandwidth_hz: float  # Nyquist
    seconds: float
    place: Place


def measure(heard: Heard) -> CodecEvidence:
    """Find the steepest fall of a sound's spectrum."""
    fall_db, at_hz = steepest_fall(heard)
    cutoff_hz = at_hz if fall_db >= (CLIFF_DB if at_hz >= LOWEST_HZ else DEEP_CLIFF_DB) else np.nan
    seconds = heard.sound.duration_s
    return CodecEvidence(cutoff_hz, fall_db, heard.sample_rate / 2, seconds, heard.sound.place(0.0, min(2.0, seconds)))


def conclude(evidence: Sequence[CodecEvidence]) -> Finding:
    """Judge the bandwidth of a corpus by the share of seconds without the upper band."""
    known = [item for item in evidence if np.isfinite(item.fall_db) or item.bandwidth_hz < LOW_HZ]
    seconds = sum(item.seconds for item in known)
    if not known or seconds <= 0:
        return Finding("codec", "unknown", "too little sound", {"cutoff_hz": float("nan")})
    top_hz = np.array([item.cutoff_hz if np.isfinite(item.cutoff_hz) else item.bandwidth_hz for item in known])
    cut = [item for item in known if min(item.cutoff_hz, item.bandwidth_hz) < LOW_HZ or item.bandwidth_hz < LOW_HZ]
    numbers = {
        "cutoff_hz": float(np.median(top_hz)),
        "fall_db": _median([item.fall_db for item in known if np.isfinite(item.fall_db)]),
        "cut_share": sum(item.seconds for item in cut) / seconds,
        "bandwidth_hz": float(max(item.bandwidth_hz for item in known)),
    }
    if numbers["cut_share"] < 0.1:
        return Finding("codec", "fine", f"bandwidth up to {numbers['cutoff_hz'] / 1000:.1f} kHz", numbers)
    lowest = float(np.median([min(np.nan_to_num(item.cutoff_hz, nan=np.inf), item.bandwidth_hz) for item in cut]))
    severity = graded(-lowest, -LOW_HZ, -VERY_LOW_HZ)
    what = f"{100 * numbers['cut_share']:.0f} % of the audio ends at {lowest / 1000:.1f} kHz (a codec or a low rate)"
    return Finding(
        "codec",
        severity,
        what,
        numbers,
        "The voice is dull: above the cut-off the model learns silence or invents sound.",
        "Use the lossless original. Mixed bandwidths are worse than one: leave the cut files out if they are few.",
        worst_places([item.place for item in cut]),
    )


def steepest_fall(heard: Heard) -> tuple[float, float]:
    """Steepest fall within 800 Hz, in dB, and its frequency in Hz; NaN if there is too little sound."""
    if len(heard.level_db) == 0 or not np.isfinite(heard.sung_level_db):
        return float("nan"), float("nan")
    power = heard.power[heard.at_power(heard.level_db > heard.sung_level_db - 40.0)]
    if len(power) < LEAST_FRAMES:
        return float("nan"), float("nan")
    loud = np.partition(power, -max(1, int(LOUD_SHARE * len(power))), axis=0)[-max(1, int(LOUD_SHARE * len(power))) :]
    level_db = 10 * np.log10(loud.mean(axis=0) + 1e-12)
    frequency = bin_frequencies_hz(heard.n_fft, heard.sample_rate)
    width = max(2, round(OVER_HZ / (frequency[1] - frequency[0])))
    return _cliff(level_db, frequency, width, MARGIN * heard.sample_rate / 2)


def _cliff(
    level_db: NDArray[np.float64], frequency: NDArray[np.float64], width: int, top_hz: float
) -> tuple[float, float]:
    """Compare medians over 800 Hz on both sides of a gap of a quarter of that; a rise above is not a cut-off."""
    medians = np.median(np.lib.stride_tricks.sliding_window_view(level_db, width), axis=1)
    gap = width + width // 4
    at_hz = frequency[width : width + len(medians) - gap]
    above = np.maximum.accumulate(medians[::-1])[::-1][gap:]  # maximum from there to Nyquist
    falls = medians[:-gap] - above
    least = np.where(at_hz >= LOWEST_HZ, CLIFF_DB, DEEP_CLIFF_DB)
    inside = (at_hz >= DEEP_LOWEST_HZ) & (at_hz <= top_hz)
    if not inside.any():
        return float("nan"), float("nan")
    best = int(np.argmax(np.where(inside, falls - least, -np.inf)))
    return float(falls[best]), float(at_hz[best])


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else float("nan")
