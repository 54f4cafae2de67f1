"""The top of the spectrum: high-band ratio and cut-off.

Both read the long-term spectrum of the active frames (24 kHz, so nothing above 12 kHz is seen). Own definitions.

High-band ratio: power from 8 to 11 kHz over power from 1 to 4 kHz, dB; compare with the reference's.
Cut-off: frequency in Hz at which the level that a tenth of the frames exceed falls most steeply over 800 Hz, if by 22
dB or more; 12 000 Hz when nothing is cut. MP3 at 48 kbit/s ends near 11 kHz, at 32 kbit/s near 8.5 kHz; natural voices
fall by 18 dB at most. Both are undefined (NaN) in silence.
"""

import math

import numpy as np

from duetto.evaluation.analysis.spectra import (
    FLOOR_DB,
    N_FFT,
    SAMPLE_RATE,
    Spectra,
    active_frames,
    frequencies_hz,
    long_term_power,
    power_to_db,
)
from duetto.evaluation.measure import Alone, Measure, Scores
from duetto.evaluation.metric import by_itself

HIGH_BAND_HZ, MIDDLE_BAND_HZ = (8000.0, 11_000.0), (1000.0, 4000.0)
OVER_HZ = 800.0
LOWEST_CUT_HZ = 2000.0
HIGHEST_CUT_HZ = 11_000.0  # the converters' own filters begin above
CLIFF_DB = 22.0
CLIFF_FLOOR_DB = -130.0  # levels below are rounding noise
LOUD_QUANTILE = 0.9


def high_band_ratio(spectra: Spectra) -> float:
    """Power of 8-11 kHz over 1-4 kHz in active frames, dB, not below -160; NaN in silence."""
    power = long_term_power(spectra, active_frames(spectra))
    if not power.size:
        return math.nan
    frequency = frequencies_hz()
    high, middle = (
        float(power[(frequency >= low) & (frequency < top)].sum()) for low, top in (HIGH_BAND_HZ, MIDDLE_BAND_HZ)
    )
    if middle <= 0.0:
        return math.nan
    return max(10.0 * math.log10(max(high / middle, 1e-16)), FLOOR_DB)


def cutoff(spectra: Spectra) -> tuple[float, float]:
    """Where the spectrum ends, Hz, and the steepest fall over 800 Hz, dB; 12 000 Hz without a cliff; NaN in silence."""
    is_active = active_frames(spectra)
    if not is_active.any():
        return math.nan, math.nan
    power = np.quantile(spectra.power[is_active], LOUD_QUANTILE, axis=0).astype(np.float64) / (N_FFT / 4) ** 2
    level = np.maximum(power_to_db(power), max(float(power_to_db(power).max()) - 100.0, CLIFF_FLOOR_DB))
    width = round(OVER_HZ / (SAMPLE_RATE / N_FFT))
    half = width // 4
    smooth = np.convolve(np.pad(level, half, mode="edge"), np.ones(2 * half + 1) / (2 * half + 1), mode="valid")
    above = np.maximum.accumulate(smooth[::-1])[::-1][width:]  # a spectrum that rises again above has no cut-off there
    falls = smooth[:-width] - above
    at_hz = frequencies_hz()[: falls.size] + OVER_HZ / 2.0
    falls = np.where((at_hz >= LOWEST_CUT_HZ) & (at_hz <= HIGHEST_CUT_HZ), falls, -np.inf)
    best = int(np.argmax(falls))
    fall_db = float(falls[best])
    return (float(at_hz[best]) if fall_db >= CLIFF_DB else SAMPLE_RATE / 2.0), fall_db


def _describe(alone: Alone) -> Scores:
    spectra = alone.audio.spectra
    return {"high_band_ratio": high_band_ratio(spectra), "cutoff_hz": cutoff(spectra)[0]}


MEASURE = Measure(
    metrics=(
        *by_itself(
            "high_band_ratio",
            "High-band ratio",
            "dB",
            "reference",
            "Power of 8 to 11 kHz over 1 to 4 kHz.",
            group="timbre",
        ),
        *by_itself(
            "cutoff_hz",
            "Cut-off",
            "Hz",
            "reference",
            "Frequency at which the spectrum breaks off; 12 000 Hz = it does not.",
            group="timbre",
            digits=0,
        ),
    ),
    describe=_describe,
)
