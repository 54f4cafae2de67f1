"""Distances between two spectra, cell by cell: log-spectral distance and mel distance.

Both compare levels in dB over the frames in which the reference sings, after removing the gain between the two and
clamping both 50 dB below the maximum of the reference's frame. Unlike MCD* they include harmonics and noise, and
overreact to noise between the harmonics; they are therefore secondary.

Equations: LSD = mean_k sqrt(mean_f (L_kf - L'_kf)^2), Gray and Markel, IEEE TASSP 24(5), 1976, over 513 linear
bins; the mel distance is the same over 80 mel bands. Unit dB, lower is better, 0 for the same recording.
Undefined (NaN) when either is silent or the reference has no active frame.
"""

import math

import numpy as np

from duetto.evaluation.analysis.spectra import Levels, Spectra, active_frames, gain_between
from duetto.evaluation.measure import Comparison, Measure, Scores
from duetto.evaluation.metric import distance

CLAMP_DB = 50.0  # below the maximum of the reference's frame


def log_spectral_distance(reference: Spectra, estimate: Spectra) -> float:
    """LSD of an estimate that is synchronous with the reference, dB; NaN when either is silent."""
    return _distance(reference.level_db, estimate.level_db, reference, estimate)


def mel_distance(reference: Spectra, estimate: Spectra) -> float:
    """The same over mel bands, dB; NaN when either is silent."""
    return _distance(reference.mel_db, estimate.mel_db, reference, estimate)


def _distance(first_db: Levels, second_db: Levels, reference: Spectra, estimate: Spectra) -> float:
    gain_db = gain_between(reference, estimate)
    is_active = active_frames(reference)
    if math.isnan(gain_db) or not is_active.any():
        return math.nan
    first, second = first_db[is_active], second_db[is_active] - np.float32(gain_db)
    floor = first.max(axis=1, keepdims=True) - np.float32(CLAMP_DB)
    difference = np.maximum(first, floor) - np.maximum(second, floor)
    return float(np.mean(np.sqrt(np.mean(difference**2, axis=1, dtype=np.float64))))


def _compare(pair: Comparison) -> Scores:
    reference, estimate = pair.reference.spectra, pair.estimate.spectra
    return {
        "log_spectral_distance": log_spectral_distance(reference, estimate),
        "mel_distance": mel_distance(reference, estimate),
    }


MEASURE = Measure(
    metrics=(
        *distance(
            "log_spectral_distance",
            "log-spectral distance",
            "dB",
            "Distance over the linear spectrum, harmonics and noise included; overreacts to noise.",
            group="timbre",
        ),
        *distance("mel_distance", "mel distance", "dB", "The same over mel bands.", group="timbre"),
    ),
    compare=_compare,
)
