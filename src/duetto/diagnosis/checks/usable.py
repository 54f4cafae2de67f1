"""Seconds of the recordings that each training program would use, by the rules of its data loader.

- RVC upstream: sliced at silences, cut to 3.7 s with 0.3 s of overlap; its bucket sampler then never
  uses clips of at most 0.75 s or above 6.75 s, and every clip loses its last 20 ms.
  - RVC upstream, uncut: the same sampler on unchanged files, for users with prepared clips.
  - Applio: as RVC, with 3.0 s and 0.375 s.
  - Diff-SVC: whole files, none longer than 42,000 frames of 512 samples at 44.1 kHz.
  - duetto: everything except silences longer than 0.3 s, in pieces of 1 to 8 s.

Only seconds of singing count; overlaps are counted once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from duetto.diagnosis.finding import Finding, graded
from duetto.diagnosis.sound import FRAME_S, Heard, closed
from duetto.spans import true_spans

SHORTEST_S, LONGEST_S = 0.75, 6.75  # upstream RVC's buckets, tried
APPLIO_SHORTEST_S = 0.375
RVC_WINDOW_S, APPLIO_WINDOW_S, OVERLAP_S = 3.7, 3.0, 0.3
TAIL_S = 0.02
DIFFSVC_LONGEST_S = 42_000 * 512 / 44_100
BRIDGED_S = 0.4  # upstream's slicer does not cut at shorter pauses
LOST, MUCH_LOST = 0.15, 0.4  # share of the singing
TRAINERS = ("rvc", "rvc_uncut", "applio", "diffsvc", "duetto")
NAMES = {"rvc": "RVC", "rvc_uncut": "RVC uncut", "applio": "Applio", "diffsvc": "Diff-SVC", "duetto": "duetto"}


@dataclass(frozen=True)
class UsableEvidence:
    """Durations of one recording, or of a piece of it."""

    sung_s: float
    file_s: float  # of the whole file, for rules that depend on it
    pieces_s: tuple[float, ...]  # between silences


def measure(heard: Heard) -> UsableEvidence:
    """Find the pieces of a sound between silences."""
    pieces = true_spans(closed(heard.is_sung, round(BRIDGED_S / FRAME_S)))
    lengths = tuple((last - first) * FRAME_S for first, last in pieces)
    return UsableEvidence(sum(lengths), heard.sound.file_s or heard.sound.duration_s, lengths)


def conclude(evidence: Sequence[UsableEvidence]) -> Finding:
    """Judge the seconds that each training program uses."""
    sung_s = sum(item.sung_s for item in evidence)
    numbers = {"sung_s": sung_s} | {f"{name}_s": seconds for name, seconds in usable_seconds(evidence).items()}
    if sung_s <= 0:
        return Finding("usable", "unknown", "nothing is sung", numbers)
    what = f"of {sung_s:.0f} s sung: " + ", ".join(f"{NAMES[name]} {numbers[f'{name}_s']:.0f} s" for name in TRAINERS)
    lost = 1 - min(numbers["rvc_s"], numbers["diffsvc_s"]) / sung_s
    severity = graded(lost, LOST, MUCH_LOST)
    if severity == "fine":
        return Finding("usable", severity, what, numbers)
    return Finding(
        "usable",
        severity,
        what,
        numbers,
        f"A training program would silently drop {100 * lost:.0f} % of the singing.",
        "duetto keeps it (see the ledger). For other programs, join short clips to between 1 and 6 s.",
    )


def usable_seconds(evidence: Sequence[UsableEvidence]) -> dict[str, float]:
    """Seconds of singing by training program."""
    used = dict.fromkeys(TRAINERS, 0.0)
    for item in evidence:
        used["duetto"] += item.sung_s
        used["diffsvc"] += item.sung_s if item.file_s <= DIFFSVC_LONGEST_S else 0.0
        used["rvc_uncut"] += item.sung_s if SHORTEST_S < item.file_s <= LONGEST_S else 0.0
        for piece_s in item.pieces_s:
            used["rvc"] += windows_used(piece_s, RVC_WINDOW_S, SHORTEST_S)
            used["applio"] += windows_used(piece_s, APPLIO_WINDOW_S, APPLIO_SHORTEST_S)
    return used


def windows_used(piece_s: float, window_s: float, shortest_s: float) -> float:
    """Seconds of a piece that remain after cutting to windows and dropping those shorter than the sampler allows."""
    used = start = 0.0
    while piece_s - start > window_s + OVERLAP_S:
        used += window_s - OVERLAP_S
        start += window_s - OVERLAP_S
    last = piece_s - start
    return used + (max(0.0, last - TAIL_S) if last > shortest_s else 0.0)
