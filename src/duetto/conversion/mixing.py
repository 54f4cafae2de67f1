"""Puts a converted lead back into its song: where the original stood, as loud as it was, below full scale.

Letters: C channels, S samples.
"""

from collections.abc import Sequence

import numpy as np

from duetto.conversion.peak import PEAK_LIMIT
from duetto.preprocess.steps.loudness import integrated_loudness
from duetto.storage.audio import Waveform
from duetto.units import amplitude_to_db, db_to_amplitude


def place_as(lead: Waveform, converted: Waveform, sample_rate: int) -> Waveform:
    """A converted lead (S,) with the loudness of the original (C, S) and its balance of the channels, (C, S).

    Args:
        lead: The original.
        converted: Mono, on the same time base.
        sample_rate: Of both, Hz.
    """
    mono = lead.mean(axis=0, dtype=np.float32)
    gap_db = integrated_loudness(mono, sample_rate) - integrated_loudness(converted, sample_rate)
    gain = db_to_amplitude(gap_db) if np.isfinite(gap_db) else 1.0
    levels = np.sqrt(np.mean(np.square(lead, dtype=np.float64), axis=1))
    balance = levels / max(float(levels.mean()), 1e-12)
    return np.asarray(gain * balance[:, None] * converted, np.float32)


def below_full_scale(stems: Sequence[Waveform]) -> tuple[list[Waveform], float]:
    """The stems with one common gain, so that none clips and they still add up; and the gain in dB, 0.0 or less."""
    peak = max(float(np.max(np.abs(stem), initial=0.0)) for stem in stems)
    gain = min(1.0, PEAK_LIMIT / peak) if peak > 0 else 1.0
    return [np.asarray(gain * stem, np.float32) for stem in stems], float(amplitude_to_db(gain)) if gain < 1 else 0.0
