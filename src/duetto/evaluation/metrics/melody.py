"""Accuracy of a performance's melody.

Conventions: `f0_hz` holds one value per frame, shape (T,), in Hz, 0.0 where unvoiced. The two contours
share one time base and length. Errors are of the estimate against the reference; lower is better.

Reference: Chu and Alwan, ICASSP 2009 (gross pitch error, voicing decision error).
"""

import math

import numpy as np

from duetto.evaluation.analysis.pitch import GROSS_ERROR_CENTS
from duetto.evaluation.analysis.world import FloatArray
from duetto.evaluation.measure import Comparison, Measure, Scores
from duetto.evaluation.metric import against_reference
from duetto.units import cents_between


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


def _errors_cents(reference_hz: FloatArray, estimate_hz: FloatArray) -> FloatArray:
    _require_same_length(reference_hz, estimate_hz)
    both = (reference_hz > 0.0) & (estimate_hz > 0.0)
    return np.asarray(cents_between(reference_hz[both], estimate_hz[both]), dtype=np.float64)


def _require_same_length(reference_hz: FloatArray, estimate_hz: FloatArray) -> None:
    if reference_hz.shape != estimate_hz.shape:
        raise ValueError(f"The contours differ in length: {reference_hz.shape} and {estimate_hz.shape} frames.")


def _compare(pair: Comparison) -> Scores:
    reference_hz, estimate_hz = pair.reference.f0_hz, pair.estimate.f0_hz
    return {
        "f0_rmse_cents": f0_rmse_cents(reference_hz, estimate_hz),
        "gross_pitch_error": gross_pitch_error(reference_hz, estimate_hz),
        "voicing_error": voicing_error(reference_hz, estimate_hz),
    }


MEASURE = Measure(
    metrics=(
        *against_reference(
            "f0_rmse_cents",
            "F0 error",
            "cents",
            "down",
            "Root mean square pitch error over frames voiced in both.",
            is_diagnostic=True,
            digits=1,
        ),
        *against_reference(
            "gross_pitch_error",
            "Gross pitch error",
            "%",
            "down",
            "Frames more than 200 cents off.",
            is_diagnostic=True,
            digits=1,
        ),
        *against_reference(
            "voicing_error",
            "Voicing error",
            "%",
            "down",
            "Frames sung in one and not in the other.",
            is_diagnostic=True,
            digits=1,
        ),
    ),
    compare=_compare,
)
