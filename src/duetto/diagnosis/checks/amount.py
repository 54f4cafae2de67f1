"""Amount: minutes of singing that training would use.

A voice is learned from singing, so silence does not count. A single recording may be part of a larger corpus, so its
amount is not judged.

Predicts: words and pitches that were never recorded are guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from duetto.diagnosis.finding import Finding, graded

LITTLE_S, VERY_LITTLE_S = 300.0, 120.0  # of singing


@dataclass(frozen=True)
class AmountEvidence:
    """Durations of one sound."""

    used_s: float  # of the recording
    sung_s: float  # without silences


def conclude(evidence: Sequence[AmountEvidence], is_one_recording: bool = False) -> Finding:
    """Judge the amount of singing."""
    numbers = {"used_s": sum(item.used_s for item in evidence), "sung_s": sum(item.sung_s for item in evidence)}
    what = f"{clock_text(numbers['sung_s'])} of singing in {clock_text(numbers['used_s'])} of recordings"
    if is_one_recording:
        return Finding("amount", "unknown", f"one recording, {what}: the amount is only judged for a folder", numbers)
    severity = graded(-numbers["sung_s"], -LITTLE_S, -VERY_LITTLE_S)
    if severity == "fine":
        return Finding("amount", severity, what, numbers)
    limit_s = VERY_LITTLE_S if severity == "serious" else LITTLE_S
    return Finding(
        "amount",
        severity,
        f"{what}, less than {limit_s / 60:.0f} minutes",
        numbers,
        "Words and pitches that were not recorded are guessed, and the voice overtrains early.",
        f"Record more, with other words and pitches: at least {LITTLE_S / 60:.0f} minutes. Pretrained weights (base=) "
        "help most if there is little singing.",
    )


def clock_text(seconds: float) -> str:
    """Duration as text: seconds to a tenth below two minutes, else minutes."""
    return f"{seconds:.1f} s" if seconds < VERY_LITTLE_S else f"{seconds / 60:.1f} min"
