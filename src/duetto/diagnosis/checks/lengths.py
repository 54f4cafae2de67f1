"""Lengths: durations of the pieces after slicing at silences, and which are too short for the networks.

Predicts case D: RVC trains on segments of 0.36 to 0.4 s; a shorter piece is mostly padding, and a piece shorter than
a network's context never fills it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from duetto.diagnosis.finding import Finding, Place, graded, worst_places
from duetto.diagnosis.sound import FRAME_S, Heard, closed
from duetto.spans import true_spans

SEGMENT_S = 0.4  # upstream RVC's training segment at 32 and 40 kHz
CONTEXT_S = 1.0  # training crop here; about the receptive field of Diff-SVC's denoiser
BRIDGED_S = 0.3  # pauses shorter than this do not divide a piece
MANY, MOST = 0.05, 0.3  # share of the seconds in pieces under a segment
LEAST_S = 2.0


@dataclass(frozen=True)
class LengthEvidence:
    """Durations of the sung pieces of a sound, s, and places of short ones."""

    piece_s: tuple[float, ...]
    short: tuple[Place, ...]


def measure(heard: Heard) -> LengthEvidence:
    """Find the sung pieces of a sound."""
    spans = true_spans(closed(heard.is_sung, round(BRIDGED_S / FRAME_S)))
    short = [span for span in spans if (span[1] - span[0]) * FRAME_S < SEGMENT_S]
    return LengthEvidence(
        tuple((last - first) * FRAME_S for first, last in spans),
        tuple(heard.sound.frames_place(span) for span in short[:4]),
    )


def conclude(evidence: Sequence[LengthEvidence]) -> Finding:
    """Judge the piece lengths of a corpus."""
    pieces = np.array([piece for item in evidence for piece in item.piece_s])
    total = float(pieces.sum())
    numbers = {
        "pieces": float(len(pieces)),
        "median_s": float(np.median(pieces)) if len(pieces) else float("nan"),
        "under_segment_share": float(pieces[pieces < SEGMENT_S].sum() / total) if total else float("nan"),
        "under_context_share": float(pieces[pieces < CONTEXT_S].sum() / total) if total else float("nan"),
        "sung_s": total,
    }
    if total < LEAST_S:
        return Finding("lengths", "unknown", f"only {total:.1f} s are sung; {LEAST_S:g} s are needed", numbers)
    below, context = 100 * numbers["under_segment_share"], 100 * numbers["under_context_share"]
    what = (
        f"{len(pieces)} sung pieces, median {numbers['median_s']:.1f} s; {below:.0f} % of the seconds in pieces under "
        f"{SEGMENT_S:g} s, {context:.0f} % under {CONTEXT_S:g} s"
    )
    severity = graded(numbers["under_segment_share"], MANY, MOST)
    if severity == "fine":
        return Finding("lengths", severity, what, numbers)
    return Finding(
        "lengths",
        severity,
        what,
        numbers,
        "Pieces shorter than a training segment are mostly padding, and upstream RVC never uses them (case D).",
        "Keep the recording whole. For fragments, data.fragments.join=ordered keeps them in context.",
        worst_places([place for item in evidence for place in item.short]),
    )
