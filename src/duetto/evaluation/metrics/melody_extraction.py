"""The field's standard measures of melody: RPA, RCA, VR, VFA and F0CORR.

Conventions: `f0_hz` holds one value per frame, shape (T,), in Hz, 0.0 where unvoiced; both contours share one time base
and length. A frame is correct within 50 cents. Unlike `mir_eval`, which gives 0 there, an undefined score is NaN.

Reference: Salamon et al., IEEE Signal Processing Magazine 31(2), 2014, section "Evaluation"; `mir_eval.melody`. F0CORR
as in the Singing Voice Conversion Challenge 2023 (Huang et al., ASRU 2023).
"""

import math

import numpy as np
from numpy.typing import NDArray

from duetto.evaluation.analysis.world import FloatArray
from duetto.evaluation.measure import Comparison, Measure, Scores
from duetto.evaluation.metric import Metric, against_reference
from duetto.units import cents_between

TOLERANCE_CENTS = 50.0  # half a semitone
OCTAVE_CENTS = 1200.0


def raw_pitch_accuracy(reference_hz: FloatArray, estimate_hz: FloatArray) -> float:
    """RPA: share of the reference's voiced frames whose estimate is within 50 cents; an unvoiced estimate is wrong.

    Returns:
        0 to 1, higher is better; NaN when the reference is nowhere voiced.
    """
    return _share_right(reference_hz, estimate_hz, period_cents=math.inf)


def raw_chroma_accuracy(reference_hz: FloatArray, estimate_hz: FloatArray) -> float:
    """RCA: as `raw_pitch_accuracy`, with octave errors forgiven."""
    return _share_right(reference_hz, estimate_hz, period_cents=OCTAVE_CENTS)


def voicing_recall(reference_hz: FloatArray, estimate_hz: FloatArray) -> float:
    """VR: share of the reference's voiced frames that are voiced in the estimate, 0 to 1; NaN without any."""
    return _mean(estimate_hz[reference_hz > 0.0] > 0.0)


def voicing_false_alarm(reference_hz: FloatArray, estimate_hz: FloatArray) -> float:
    """VFA: share of the reference's unvoiced frames that are voiced in the estimate, 0 to 1; NaN without any."""
    return _mean(estimate_hz[reference_hz <= 0.0] > 0.0)


def f0_correlation(reference_hz: FloatArray, estimate_hz: FloatArray) -> float:
    """F0CORR: Pearson correlation of log F0 over frames voiced in both.

    Returns:
        -1 to 1, higher is better; a transposition does not change it. NaN with fewer than two frames, or if a contour
        is constant.
    """
    both = (reference_hz > 0.0) & (estimate_hz > 0.0)
    if np.count_nonzero(both) < 2:
        return math.nan
    logs = np.log(np.stack([reference_hz[both], estimate_hz[both]]))
    moved = logs - logs.mean(axis=1, keepdims=True)
    spread = float(np.sqrt(np.prod(np.sum(moved**2, axis=1))))
    return float(np.sum(moved[0] * moved[1]) / spread) if spread > 1e-12 else math.nan


def _share_right(reference_hz: FloatArray, estimate_hz: FloatArray, period_cents: float) -> float:
    is_sung = reference_hz > 0.0
    both = is_sung & (estimate_hz > 0.0)
    off = np.asarray(cents_between(reference_hz[both], estimate_hz[both]), dtype=np.float64)
    if math.isfinite(period_cents):
        off = off - period_cents * np.floor(off / period_cents + 0.5)
    is_right = np.zeros(reference_hz.size, dtype=bool)
    is_right[both] = np.abs(off) < TOLERANCE_CENTS
    return _mean(is_right[is_sung])


def _mean(values: NDArray[np.bool_]) -> float:
    return float(np.mean(values)) if values.size else math.nan


def _compare(pair: Comparison) -> Scores:
    contours = pair.reference.f0_hz, pair.estimate.f0_hz
    return {
        "rpa": raw_pitch_accuracy(*contours),
        "rca": raw_chroma_accuracy(*contours),
        "vr": voicing_recall(*contours),
        "vfa": voicing_false_alarm(*contours),
        "f0corr": f0_correlation(*contours),
    }


def _row(family: str, title: str, unit: str, direction: str, meaning: str, digits: int) -> list[Metric]:
    return against_reference(family, title, unit, direction, meaning, group="melody", is_diagnostic=True, digits=digits)


MEASURE = Measure(
    metrics=(
        *_row("rpa", "Raw pitch accuracy (RPA)", "%", "up", "Sung frames within 50 cents.", 1),
        *_row("rca", "Raw chroma accuracy (RCA)", "%", "up", "The same, octave errors forgiven.", 1),
        *_row("vr", "Voicing recall (VR)", "%", "up", "Sung frames that are voiced in the output.", 1),
        *_row("vfa", "Voicing false alarm (VFA)", "%", "down", "Unvoiced frames that are voiced in the output.", 1),
        *_row("f0corr", "F0 correlation (F0CORR)", "", "up", "Pearson correlation of log F0, voiced in both.", 3),
    ),
    compare=_compare,
)
