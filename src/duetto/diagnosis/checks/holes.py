"""Holes in the spectrum: cells far below the same bin's level around them, and isolated tones.

The power of a stationary noise has an exponential distribution: in a bin, 0.35 % of the cells are below 1/200 of the
median, and the ratio mu_4 / mu_2^2 of raw moments over the pauses is 6. Spectral subtraction, spectral gates and
centre extraction empty some cells and leave others isolated.

Predicts case C: a metallic, watery sound is learned as timbre.

References: Berouti et al., ICASSP 1979; Uemura et al., IWAENC 2008 (kurtosis of musical noise).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter, uniform_filter1d

from duetto.diagnosis.finding import Finding, Place, graded, worst_places
from duetto.diagnosis.sound import Heard, closed
from duetto.preprocess.spectrum import Power, bin_frequencies_hz

BAND_HZ = (4000.0, 10_000.0)  # where singing is noise-like
AROUND_FRAMES = 13  # of the spectrum: 0.14 s
HOLE_RATIO = 1 / 200  # relative to the median around the cell
GAUSSIAN_KURTOSIS = 6.0
LEAST_PAUSE_FRAMES = 40
PAUSE_DB = 5.0  # above the softest frame, averaged over 0.2 s
LEAST_PAUSE_DB = -100.0
NEAR_VOICE_FRAMES = 8  # singing within this distance of a level frame smears into its spectrum
LEAST_LEVEL = 1e-9  # least power of a bin in a pause: rounding is not noise
HOLES, MANY_HOLES = 0.008, 0.03
ISOLATED, VERY_ISOLATED = 0.5, 1.2  # ln(K / 6)
STRETCH_S = 1.5  # length of a place


@dataclass(frozen=True)
class HoleEvidence:
    """Holes and isolated tones of one sound; NaN if undefined."""

    hole_share: float  # of cells in sung frames
    log_kurtosis: float  # ln(K / 6) over the pauses
    sung_s: float
    place: Place | None  # the stretch with the most holes


def measure(heard: Heard) -> HoleEvidence:
    """Measure holes and isolated tones of a sound."""
    sung = heard.at_power(closed(heard.is_sung, 3))
    band = _band(heard)
    nothing = HoleEvidence(np.nan, pause_kurtosis(heard), float(sung.sum()) * heard.n_fft / 4 / heard.sample_rate, None)
    if sung.sum() < AROUND_FRAMES or not band.any():
        return nothing
    cells = heard.power[:, band]
    holes = hole_cells(cells)[sung]
    per_frame = holes.mean(axis=1)
    width = max(1, round(STRETCH_S * heard.sample_rate / (heard.n_fft / 4)))
    smooth = uniform_filter1d(per_frame, width, mode="constant")  # same length as the sung frames, however short
    middle = float(heard.power_s[np.flatnonzero(sung)[int(np.argmax(smooth))]])
    place = heard.sound.place(max(0.0, middle - STRETCH_S / 2), middle + STRETCH_S / 2)
    return HoleEvidence(float(per_frame.mean()), nothing.log_kurtosis, nothing.sung_s, place)


def conclude(evidence: Sequence[HoleEvidence]) -> Finding:
    """Judge the spectral damage of a corpus."""
    known = [item for item in evidence if np.isfinite(item.hole_share)]
    kurtosis = [item.log_kurtosis for item in evidence if np.isfinite(item.log_kurtosis)]
    numbers = {
        "hole_share": float(np.average([i.hole_share for i in known], weights=[i.sung_s for i in known]))
        if known
        else np.nan,
        "log_kurtosis_over_noise": float(np.median(kurtosis)) if kurtosis else np.nan,
    }
    if not known:
        return Finding("holes", "unknown", "too little is sung between 4 and 10 kHz", numbers)
    excess = numbers["log_kurtosis_over_noise"]
    tones = f"isolated tones in the pauses {excess:+.1f} over noise" if kurtosis else "too few pauses for tones"
    what = f"{100 * numbers['hole_share']:.1f} % of the cells from 4 to 10 kHz are holes; {tones}"
    grades = [graded(numbers["hole_share"], HOLES, MANY_HOLES)]
    if kurtosis:
        grades.append(graded(excess, ISOLATED, VERY_ISOLATED))
    severity = "serious" if "serious" in grades else "warning" if "warning" in grades else "fine"
    if severity == "fine":
        return Finding("holes", "fine", what, numbers)
    places = [i.place for i in sorted(known, key=lambda item: -item.hole_share) if i.place is not None]
    return Finding(
        "holes",
        "serious" if severity == "serious" else "warning",
        what,
        numbers,
        "The timbre becomes metallic and watery: the voice learns the holes and tones of noise reduction (case C).",
        "Return to the recording before noise reduction or separation, and use half the strength or none.",
        worst_places(places[:4]),
    )


def hole_cells(cells: Power) -> NDArray[np.bool_]:
    """Cells (N, F) below 1/200 of the median of their bin over the 0.14 s around them, except in silence."""
    around = median_filter(cells, size=(AROUND_FRAMES, 1), mode="nearest")
    return np.asarray((cells < HOLE_RATIO * around) & (around > 0))


def pause_kurtosis(heard: Heard) -> float:
    """Median over bins of ln(K / 6) over the frames of the pauses; NaN with fewer than 40 non-silent frames."""
    pauses = heard.power[heard.at_power(pause_frames(heard))]
    if len(pauses) < LEAST_PAUSE_FRAMES:
        return float("nan")
    loud = np.square(pauses[:, 2:-2], dtype=np.float64)
    usable = pauses[:, 2:-2].mean(axis=0) > LEAST_LEVEL
    if not usable.any():
        return float("nan")
    kurtosis = np.mean(loud[:, usable] ** 2, axis=0) / np.mean(loud[:, usable], axis=0) ** 2
    return float(np.log(np.median(kurtosis) / GAUSSIAN_KURTOSIS))


def pause_frames(heard: Heard) -> NDArray[np.bool_]:
    """Level frames near the softest level, some time from singing, so neither tails nor breaths, (T,)."""
    audible = heard.level_db[heard.level_db > LEAST_PAUSE_DB]
    if len(audible) == 0 or not heard.is_sung.any():
        return np.zeros(len(heard.level_db), dtype=bool)
    around_db = 10 * np.log10(uniform_filter1d(10 ** (heard.level_db / 10), 20, mode="nearest") + 1e-16)
    softest_db = float(np.quantile(audible, 0.05))
    near_voice = maximum_filter1d(heard.is_sung.astype(np.int8), 2 * NEAR_VOICE_FRAMES + 1) > 0
    quiet = (heard.level_db > LEAST_PAUSE_DB) & (around_db < min(softest_db + PAUSE_DB, heard.sung_level_db - 20.0))
    return np.asarray(quiet & ~near_voice & (heard.f0_hz == 0))


def _band(heard: Heard) -> NDArray[np.bool_]:
    frequency = bin_frequencies_hz(heard.n_fft, heard.sample_rate)
    high = min(BAND_HZ[1], 0.45 * heard.sample_rate)
    return np.asarray((frequency >= BAND_HZ[0]) & (frequency <= high))
