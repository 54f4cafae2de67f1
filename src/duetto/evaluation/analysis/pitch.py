"""How well a performance keeps a melody.

Conventions: `f0_hz` holds one value per frame, shape (T,), in Hz, 0.0 where unvoiced. The two contours
share one time base and length. Errors are of the estimate against the reference; lower is better.

Reference: Chu and Alwan, ICASSP 2009 (gross pitch error, voicing decision error).
"""

import math

import numpy as np

from duetto.evaluation.analysis.world import FloatArray, track_f0
from duetto.units import cents_between

__all__ = ["f0_rmse_cents", "gross_pitch_error", "match_lengths", "settle_octaves", "track_f0", "voicing_error"]

GROSS_ERROR_CENTS = 200.0  # beyond two semitones the melody is another one


def f0_rmse_cents(reference_hz: FloatArray, estimate_hz: FloatArray) -> float:
    """Root mean square pitch error over frames voiced in both contours.

    Args:
        reference_hz: Melody asked for, (T,), Hz.
        estimate_hz: Melody found, (T,), Hz.

    Returns:
        Cents, lower is better; gross errors are included; NaN when no frame is voiced in both.

    Raises:
        ValueError: If the contours differ in length.
    """
    errors = _errors_cents(reference_hz, estimate_hz)
    return float(np.sqrt(np.mean(errors**2))) if errors.size else math.nan


def gross_pitch_error(reference_hz: FloatArray, estimate_hz: FloatArray) -> float:
    """Share of the frames voiced in both that are more than 200 cents off.

    Returns:
        0 to 1, lower is better; NaN when no frame is voiced in both.

    Raises:
        ValueError: If the contours differ in length.
    """
    errors = _errors_cents(reference_hz, estimate_hz)
    return float(np.mean(np.abs(errors) > GROSS_ERROR_CENTS)) if errors.size else math.nan


def voicing_error(reference_hz: FloatArray, estimate_hz: FloatArray) -> float:
    """Share of all frames where one contour is voiced and the other is not.

    Returns:
        0 to 1, lower is better; NaN when there are no frames or the reference is nowhere voiced.

    Raises:
        ValueError: If the contours differ in length.
    """
    _require_same_length(reference_hz, estimate_hz)
    if not np.any(reference_hz > 0.0):
        return math.nan
    return float(np.mean((reference_hz > 0.0) != (estimate_hz > 0.0)))


def settle_octaves(f0_hz: FloatArray, known_hz: FloatArray) -> FloatArray:
    """A tracked contour with the known pitch where the tracker heard another note, mostly an octave.

    A fundamental that lies 40 dB below the second harmonic, as a low voice has in some vowels above its register,
    sends a time-domain tracker an octave up for whole notes.

    Args:
        f0_hz: Tracked, (T,), Hz, 0.0 where unvoiced: what is voiced stays the tracker's decision.
        known_hz: What was sung, (T',), on the same grid, 0.0 where nothing is known.

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


def _errors_cents(reference_hz: FloatArray, estimate_hz: FloatArray) -> FloatArray:
    _require_same_length(reference_hz, estimate_hz)
    both = (reference_hz > 0.0) & (estimate_hz > 0.0)
    return np.asarray(cents_between(reference_hz[both], estimate_hz[both]), dtype=np.float64)


def _require_same_length(reference_hz: FloatArray, estimate_hz: FloatArray) -> None:
    if reference_hz.shape != estimate_hz.shape:
        raise ValueError(f"The contours differ in length: {reference_hz.shape} and {estimate_hz.shape} frames.")
