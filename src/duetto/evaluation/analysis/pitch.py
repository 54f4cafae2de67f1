"""Aligns contours: equal lengths, and the octave that was sung.

Conventions: `f0_hz` holds one value per frame, shape (T,), in Hz, 0.0 where unvoiced.
"""

import numpy as np

from duetto.evaluation.analysis.world import FloatArray, track_f0
from duetto.units import cents_between

__all__ = ["GROSS_ERROR_CENTS", "match_lengths", "settle_octaves", "track_f0"]

GROSS_ERROR_CENTS = 200.0  # beyond two semitones it is a wrong note


def settle_octaves(f0_hz: FloatArray, known_hz: FloatArray) -> FloatArray:
    """Replace gross errors of a tracked contour, mostly octaves, by the known pitch.

    If the fundamental lies 40 dB below the second harmonic, as in some vowels of a low voice above its register, a
    time-domain tracker is an octave too high for whole notes.

    Args:
        f0_hz: Tracked, (T,), Hz, 0.0 where unvoiced; voicing is not changed.
        known_hz: Pitch that was sung, (T',), on the same grid, 0.0 where unknown.

    Returns:
        (T,), Hz.
    """
    known_hz = match_lengths(f0_hz, known_hz)
    is_both = (f0_hz > 0.0) & (known_hz > 0.0)
    is_other = np.zeros(f0_hz.size, dtype=bool)
    is_other[is_both] = np.abs(cents_between(known_hz[is_both], f0_hz[is_both])) > GROSS_ERROR_CENTS
    return np.where(is_other, known_hz, f0_hz)


def match_lengths(reference_hz: FloatArray, estimate_hz: FloatArray) -> FloatArray:
    """The estimate cut, or padded with unvoiced frames, to the length of the reference."""
    kept = estimate_hz[: reference_hz.size]
    return np.pad(kept, (0, reference_hz.size - kept.size))
