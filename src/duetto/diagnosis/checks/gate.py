"""Gate: pauses without a noise floor, and level steps into them.

With singing at its standard level, no microphone in a room is below about -80 dB full scale over 10 ms; a lower floor
comes from a gate, an edit, or a renderer without noise. In a soft take of few bits it may come from rounding, which
cannot be distinguished from a gate then. Steps are falls of more than 35 dB within 30 ms that end below the singing.

Predicts case C: breaths and soft endings are missing, and the voice cuts them off, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from duetto.diagnosis.finding import Finding, Place, graded, worst_places
from duetto.diagnosis.sound import FRAME_S, Heard
from duetto.spans import true_spans
from duetto.units import amplitude_to_db

SILENCED_DB = -80.0
ROUNDING_DB = -10.8  # level of rounding noise relative to the quantisation step: 1 / sqrt(12)
LEAST_HOLE = 3  # frames
STEP_DB = 35.0
STEP_FRAMES = 3
EDGE_S = 0.5  # silence at either end of a recording is trimming, not gating
GATED, HEAVILY_GATED = 0.02, 0.15  # share of the time between the first and last singing
MANY_STEPS = 6.0  # per minute


@dataclass(frozen=True)
class GateEvidence:
    """Silenced seconds between the first and last singing, and steps into them."""

    inner_s: float
    silenced_s: float
    zero_s: float
    steps: int
    holes: tuple[Place, ...]
    is_rounded: bool = False  # its holes may come from rounding


def measure(heard: Heard) -> GateEvidence:
    """Find the silenced stretches of a sound."""
    sung = np.flatnonzero(heard.is_sung)
    if len(sung) == 0:
        return GateEvidence(0.0, 0.0, 0.0, 0, ())
    level_db = heard.level_db[sung[0] : sung[-1] + 1]
    holes = true_spans(level_db < SILENCED_DB, LEAST_HOLE)
    falls = level_db[:-STEP_FRAMES] - level_db[STEP_FRAMES:]
    # A step counts once and only where it ends in a hole.
    starts = [
        first
        for first, _ in holes
        if first >= STEP_FRAMES and falls[max(0, first - STEP_FRAMES) : first].max() > STEP_DB
    ]
    places = tuple(
        heard.sound.frames_place((int(sung[0]) + first - 30, int(sung[0]) + last + 30)) for first, last in holes
    )
    return GateEvidence(
        len(level_db) * FRAME_S,
        sum(last - first for first, last in holes) * FRAME_S,
        float(np.sum(level_db < -140.0)) * FRAME_S,
        len(starts),
        places,
        bool(holes) and rounding_db(heard) > SILENCED_DB,
    )


def rounding_db(heard: Heard) -> float:
    """Level of a sound's rounding noise, dB of the copy at standard level; -inf for float files."""
    sizes = np.abs(heard.sound.channels)
    step = float(np.min(sizes, where=sizes > 0, initial=np.inf))
    return float(amplitude_to_db(step)) + ROUNDING_DB + heard.gain_db if step < np.inf else -np.inf


def conclude(evidence: Sequence[GateEvidence]) -> Finding:
    """Judge the gating of a corpus."""
    told = [item for item in evidence if not item.is_rounded]
    inner_s = sum(item.inner_s for item in told)
    if inner_s <= 0:
        reason = (
            "recorded so softly that pauses are rounded to silence" if len(told) < len(evidence) else "nothing is sung"
        )
        return Finding("gate", "unknown", reason, {"silenced_share": float("nan")})
    evidence = told
    numbers = {
        "silenced_share": sum(item.silenced_s for item in evidence) / inner_s,
        "zero_share": sum(item.zero_s for item in evidence) / inner_s,
        "holes": float(sum(len(item.holes) for item in evidence)),
        "steps_per_min": 60.0 * sum(item.steps for item in evidence) / inner_s,
    }
    what = (
        f"{100 * numbers['silenced_share']:.1f} % of the time between notes and phrases is silenced, "
        f"{numbers['steps_per_min']:.1f} steps per minute into silence"
    )
    severity = graded(numbers["silenced_share"], GATED, HEAVILY_GATED)
    if severity == "warning" and numbers["steps_per_min"] >= MANY_STEPS:
        severity = "serious"
    if severity == "fine":
        return Finding("gate", severity, what, numbers)
    return Finding(
        "gate",
        severity,
        what,
        numbers,
        "Breaths and soft endings are missing, and the voice will cut them off in every song (case C).",
        "Use the takes before the gate. If there are none, train with preprocess=none, which adds no further gate.",
        worst_places([place for item in evidence for place in item.holes]),
    )
