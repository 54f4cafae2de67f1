"""Clipping: three or more samples in a row at the largest level of the recording.

The samples are within 0.05 % of the peak, on one side. A single flat top is the singer's loudest moment; clipping
repeats. It is only found if nothing followed it: MP3 or a resampler rounds the corners.

Predicts: harsh loud notes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duetto.diagnosis.finding import Finding, Place, graded, worst_places
from duetto.diagnosis.sound import Heard
from duetto.spans import true_spans

NEAR_PEAK = 0.9995
LEAST_SAMPLES = 3
SOFTEST_PEAK = 0.05  # a softer recording is not clipped
SOME, MANY = 0.3, 3.0  # clipped stretches per second
LEAST_STRETCHES = 5


@dataclass(frozen=True)
class ClippingEvidence:
    """Clipped stretches of a sound."""

    seconds: float
    stretches: int
    peak: float
    places: tuple[Place, ...]


def measure(heard: Heard) -> ClippingEvidence:
    """Find the flat tops of every channel of a sound."""
    found = [span for channel in heard.sound.channels for span in flat_tops(channel)]
    rate = heard.sample_rate
    peak = float(np.max(np.abs(heard.sound.channels), initial=0.0))
    places = [
        heard.sound.place(max(0.0, first / rate - 0.4), last / rate + 0.4)
        for first, last in found[:: max(1, len(found) // 2)]
    ]
    return ClippingEvidence(heard.sound.duration_s, len(found), peak, tuple(places[:2]))


def conclude(evidence: Sequence[ClippingEvidence]) -> Finding:
    """Judge the clipping of a corpus by the rate of its worst recording and that of all."""
    seconds = sum(item.seconds for item in evidence)
    if seconds <= 0:
        return Finding("clipping", "unknown", "nothing was heard", {"stretches_per_s": float("nan")})
    clipped = [item for item in evidence if item.stretches >= LEAST_STRETCHES]
    worst = max((item.stretches / item.seconds for item in clipped), default=0.0)
    numbers = {
        "stretches_per_s": sum(item.stretches for item in clipped) / seconds,
        "worst_stretches_per_s": worst,
        "peak": max(item.peak for item in evidence),
    }
    rate, peak = numbers["stretches_per_s"], numbers["peak"]
    what = f"{rate:.1f} clipped peaks per second (worst recording {worst:.1f}), peak {peak:.2f}"
    severity = graded(max(numbers["stretches_per_s"], worst / 3), SOME, MANY)
    if severity == "fine":
        return Finding("clipping", severity, what if worst else "no clipped peaks", numbers)
    return Finding(
        "clipping",
        severity,
        what,
        numbers,
        "Loud notes become harsh, and the buzz is learned as timbre.",
        "Record again with less gain, or try preprocess=declip and read its ledger.",
        worst_places([place for item in clipped for place in item.places]),
    )


def flat_tops(channel: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Runs of three or more samples (S,) within 0.05 % of the largest, above or below zero."""
    peak = float(np.max(np.abs(channel), initial=0.0))
    if peak < SOFTEST_PEAK:
        return []
    limit = NEAR_PEAK * peak
    return sorted(true_spans(channel >= limit, LEAST_SAMPLES) + true_spans(channel <= -limit, LEAST_SAMPLES))
