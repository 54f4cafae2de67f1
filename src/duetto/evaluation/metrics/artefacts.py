"""Artefacts of noise reduction and gates: holes, musical noise, isolated tones.

Hole fraction: share of the reference's mel cells within 50 dB of their frame's maximum that lie more than 20 dB lower
in the estimate after removing the gain between the two, 0..1, lower is better; own definition, the same as in the
damage ledger, so that damage to the data and what a model learned from it are on one scale. Log kurtosis ratio: ln(K' /
K), K = mu_4 / mu_2^2 in raw moments of the power of each bin over the pauses of the reference, 512-sample windows,
frames that were silenced left out; near 0 is best, more = musical noise. Uemura et al., IWAENC 2008; Torcoli, 2019:
it only partly agrees with listeners. Off-harmonic islands: connected cells more than 12 dB over the mean of their
surroundings (0.14 s by 400 Hz), with the loudest more than a quarter of F0 from every harmonic, 10 to 70 ms long, per
second and kHz; lower is better, white noise itself has about two. Over-subtraction first creates and then removes them:
read the rate together with the hole fraction. Own definition. All are undefined (NaN) in silence, the ratio with fewer
than 40 pause frames.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from duetto.evaluation.analysis.spectra import HOP_S, SAMPLE_RATE, Spectra, at_frames, frequencies_hz, gain_between
from duetto.evaluation.measure import Alone, Comparison, Measure, Scores
from duetto.evaluation.metric import against_reference, by_itself
from duetto.preprocess import damage
from duetto.storage.audio import Waveform

PAUSE_N_FFT = 512
ISLAND_DB = 12.0
AROUND = (13, 17)  # frames, bins: 0.14 s by 400 Hz
OFF_HARMONIC = 0.25  # of F0
ISLAND_FRAMES = (1, 6)  # 10 to 70 ms
BAND_HZ = (200.0, 11_000.0)
RANGE_DB = 90.0  # below the loudest cell nothing counts


def hole_fraction(reference: Spectra, estimate: Spectra) -> float:
    """Share of the reference's cells that are missing in the estimate, 0..1; NaN when either is silent."""
    gain_db = gain_between(reference, estimate)
    return math.nan if math.isnan(gain_db) else damage.hole_fraction(reference.mel_db, estimate.mel_db, gain_db)


def log_kurtosis_ratio(reference: Waveform, estimate: Waveform) -> float:
    """Log kurtosis ratio of the noise in the pauses, 0 = unchanged; waveforms (S,) at 24 kHz, equally long."""
    if not reference.size:
        return math.nan
    is_pause = damage.pause_frames(reference, PAUSE_N_FFT, SAMPLE_RATE)
    return damage.log_kurtosis_ratio(reference, estimate, PAUSE_N_FFT, is_pause)


def island_rate(spectra: Spectra, f0_hz: NDArray[np.float64]) -> float:
    """Rate of isolated tones off the harmonics.

    Args:
        spectra: Of the recording to score.
        f0_hz: The reference's contour, (T,), a value every 5 ms; where it is 0.0 no cell is a harmonic.

    Returns:
        Per second and kHz; NaN in silence.
    """
    if spectra.is_silent:
        return math.nan
    frequency = frequencies_hz()
    is_in_band = (frequency >= BAND_HZ[0]) & (frequency <= BAND_HZ[1])
    level = spectra.level_db[:, is_in_band]
    level = np.maximum(level, level.max() - np.float32(RANGE_DB))
    is_out = level > ndimage.uniform_filter(level, AROUND, mode="nearest") + ISLAND_DB
    labels, number = ndimage.label(is_out, np.ones((3, 3)))
    lengths = np.array([place[0].stop - place[0].start for place in ndimage.find_objects(labels)])
    if number == 0:
        return 0.0
    peaks = np.array(ndimage.maximum_position(level, labels, np.arange(1, number + 1)))
    f0 = at_frames(f0_hz, len(level))[peaks[:, 0]]
    harmonic = frequency[is_in_band][peaks[:, 1]] / np.maximum(f0, 1.0)
    is_off = (f0 == 0.0) | (np.abs(harmonic - np.rint(harmonic)) > OFF_HARMONIC)
    is_short = (lengths >= ISLAND_FRAMES[0]) & (lengths <= ISLAND_FRAMES[1])
    seconds = np.count_nonzero(spectra.mel_db.max(axis=1) > damage.SILENT_DB) * HOP_S  # digital silence holds no tones
    band_khz = (BAND_HZ[1] - BAND_HZ[0]) / 1000.0
    return float(np.count_nonzero(is_off & is_short)) / (seconds * band_khz)


def _compare(pair: Comparison) -> Scores:
    reference, estimate = pair.reference, pair.estimate
    return {
        "hole_fraction": hole_fraction(reference.spectra, estimate.spectra),
        "log_kurtosis_ratio": log_kurtosis_ratio(reference.waveform, estimate.waveform),
    }


def _describe(alone: Alone) -> Scores:
    return {"island_rate": island_rate(alone.audio.spectra, alone.reference_f0_hz)}


MEASURE = Measure(
    metrics=(
        *against_reference(
            "hole_fraction",
            "Holes",
            "%",
            "down",
            "Cells of the reference that are more than 20 dB too low, as after gates and subtraction.",
            group="artefacts",
        ),
        *against_reference(
            "log_kurtosis_ratio",
            "Log kurtosis ratio",
            "",
            "zero",
            "Musical noise in the pauses, relative to the reference's.",
            group="artefacts",
        ),
        *by_itself(
            "island_rate",
            "Off-harmonic islands",
            "/s/kHz",
            "reference",
            "Short isolated tones between the harmonics.",
            group="artefacts",
        ),
    ),
    compare=_compare,
    describe=_describe,
)
