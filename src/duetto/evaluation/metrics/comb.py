"""Comb filtering by echoes and doubled voices, in the long-term spectrum of the active frames.

Comb index: amplitude in dB of the strongest cosine along frequency, with a period that corresponds to a delay of 1 to
15 ms, in the difference in dB between the spectra of estimate and reference from 0.3 to 10 kHz; an echo of gain g gives
8.7 g dB (20 / ln 10 of the first term of ln|1 + g e^-jw|). Lower is better; smooth differences of timbre lie below 1
ms. Without a reference it would mistake the pitch for an echo, so it is only defined for pairs. Undefined (NaN) in
silence. Own definition.
"""

import math

import numpy as np

from duetto.evaluation.analysis.spectra import Spectra, active_frames, frequencies_hz, long_term_power, power_to_db
from duetto.evaluation.measure import Comparison, Measure, Scores
from duetto.evaluation.metric import against_reference

BAND_HZ = (300.0, 10_000.0)
DELAYS_S = np.arange(1.0, 15.0, 0.05) / 1000.0


def comb_index(reference: Spectra, estimate: Spectra) -> tuple[float, float]:
    """Strength of an echo's comb, dB, and its delay, ms; NaN when either is silent."""
    is_active = active_frames(reference)
    if not is_active.any() or estimate.is_silent:
        return math.nan, math.nan
    frequency = frequencies_hz()
    in_band = (frequency >= BAND_HZ[0]) & (frequency <= BAND_HZ[1])
    first, second = (power_to_db(long_term_power(spectra, is_active))[in_band] for spectra in (reference, estimate))
    difference = second - first
    window = np.hanning(difference.size)
    difference = difference - np.average(difference, weights=window)
    waves = np.exp(-2j * np.pi * DELAYS_S[:, None] * frequency[in_band])
    amplitude = 2.0 * np.abs(waves @ (window * difference)) / window.sum()
    best = int(np.argmax(amplitude))
    return float(amplitude[best]), float(1000.0 * DELAYS_S[best])


def _compare(pair: Comparison) -> Scores:
    return {"comb_index": comb_index(pair.reference.spectra, pair.estimate.spectra)[0]}


MEASURE = Measure(
    metrics=(
        *against_reference(
            "comb_index",
            "Comb index",
            "dB",
            "down",
            "Strongest comb of 1 to 15 ms relative to the reference.",
            group="artefacts",
        ),
    ),
    compare=_compare,
)
