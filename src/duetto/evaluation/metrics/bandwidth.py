"""What happens to the top and to the long-term spectrum: high-band ratio, cut-off, comb.

All read the long-term spectrum of the active frames (24 kHz, so nothing above 12 kHz is seen). Own definitions.

High-band ratio: power from 8 to 11 kHz over power from 1 to 4 kHz, dB; compare with the reference's.
Cut-off: where the level that a tenth of the frames exceed falls most steeply over 800 Hz, if by 22 dB or more, Hz;
12 000 Hz when nothing is cut.
MP3 at 48 kbit/s ends near 11 kHz, at 32 kbit/s near 8.5 kHz; natural voices fall by 18 dB at most.
Comb index: of the difference in dB between estimate's and reference's spectra from 0.3 to 10 kHz, the strongest
cosine along frequency with a period that belongs to a delay of 1 to 15 ms, amplitude in dB; an echo of
gain g gives 8.7 g dB (20 / ln 10 of the first term of ln|1 + g e^-jw|). Lower is better; smooth
differences of timbre lie below 1 ms. Without a reference it would confuse the pitch with an echo: paired only.
All are undefined (NaN) in silence.
"""

import math

import numpy as np
from numpy.typing import NDArray

from duetto.evaluation.analysis.spectra import (
    FLOOR_DB,
    N_FFT,
    SAMPLE_RATE,
    Frames,
    Spectra,
    active_frames,
    frequencies_hz,
)

HIGH_BAND_HZ, MIDDLE_BAND_HZ = (8000.0, 11_000.0), (1000.0, 4000.0)
OVER_HZ = 800.0
LOWEST_CUT_HZ = 2000.0
HIGHEST_CUT_HZ = 11_000.0  # above, converters' own filters begin
CLIFF_DB = 22.0
CLIFF_FLOOR_DB = -130.0  # rounding is no level
LOUD_QUANTILE = 0.9
COMB_BAND_HZ = (300.0, 10_000.0)
DELAYS_S = np.arange(1.0, 15.0, 0.05) / 1000.0

FloatArray = NDArray[np.float64]


def high_band_ratio(spectra: Spectra) -> float:
    """Power of 8-11 kHz over 1-4 kHz in active frames, dB, not below -160; NaN in silence."""
    power = _long_term_power(spectra, active_frames(spectra))
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
    level = np.maximum(_to_db(power), max(float(_to_db(power).max()) - 100.0, CLIFF_FLOOR_DB))
    width = round(OVER_HZ / (SAMPLE_RATE / N_FFT))
    half = width // 4
    smooth = np.convolve(np.pad(level, half, mode="edge"), np.ones(2 * half + 1) / (2 * half + 1), mode="valid")
    above = np.maximum.accumulate(smooth[::-1])[::-1][width:]  # a rise above is no cut-off
    falls = smooth[:-width] - above
    at_hz = frequencies_hz()[: falls.size] + OVER_HZ / 2.0
    falls = np.where((at_hz >= LOWEST_CUT_HZ) & (at_hz <= HIGHEST_CUT_HZ), falls, -np.inf)
    best = int(np.argmax(falls))
    fall_db = float(falls[best])
    return (float(at_hz[best]) if fall_db >= CLIFF_DB else SAMPLE_RATE / 2.0), fall_db


def comb_index(reference: Spectra, estimate: Spectra) -> tuple[float, float]:
    """Strength of an echo's comb, dB, and its delay, ms; NaN when either is silent."""
    is_active = active_frames(reference)
    if not is_active.any() or estimate.is_silent:
        return math.nan, math.nan
    frequency = frequencies_hz()
    in_band = (frequency >= COMB_BAND_HZ[0]) & (frequency <= COMB_BAND_HZ[1])
    first, second = (_to_db(_long_term_power(spectra, is_active))[in_band] for spectra in (reference, estimate))
    difference = second - first
    window = np.hanning(difference.size)
    difference = difference - np.average(difference, weights=window)
    waves = np.exp(-2j * np.pi * DELAYS_S[:, None] * frequency[in_band])
    amplitude = 2.0 * np.abs(waves @ (window * difference)) / window.sum()
    best = int(np.argmax(amplitude))
    return float(amplitude[best]), float(1000.0 * DELAYS_S[best])


def _long_term_power(spectra: Spectra, is_counted: Frames) -> FloatArray:
    """Mean power of chosen frames, (F,); empty when none is chosen."""
    if not is_counted.any():
        return np.zeros(0)
    return np.asarray(spectra.power[is_counted].mean(axis=0, dtype=np.float64) / (N_FFT / 4) ** 2)


def _to_db(power: FloatArray) -> FloatArray:
    return np.asarray(10.0 * np.log10(np.maximum(power, 10.0 ** (FLOOR_DB / 10.0))))
