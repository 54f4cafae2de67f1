"""Fragments: recordings that are cut and joined, like the units of a sound bank.

There are three signs. Joins: within 0.3 ms the waveform bends more than four times as sharply as anywhere in the 12 ms
on either side, which the pulses of a voice do not. Phrases: the duration of singing without a pause or join. Held
pitches: the number of different semitones that are held for 0.3 s or more; a bank has few.

Predicts case D: in our toy runs few pitches cost more than joins do; this check reports the two separately.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from duetto.diagnosis.checks.tempo import find_notes
from duetto.diagnosis.finding import Finding, Place, graded, worst_places
from duetto.diagnosis.sound import FRAME_S, Heard, closed
from duetto.spans import true_spans

NEAR_S = 0.0003
AROUND_S = 0.012
SHARPER = 4.0
LEAST_BEND_DB = -50.0  # level of the loudest bend: softer ones are noise
APART_S = 0.02
JOINED, MUCH_JOINED = 0.2, 1.0  # joins per second of singing
NOTE_S = 0.3
FEW, VERY_FEW = 6, 4  # held pitches that make up 95 % of the held time
LEAST_HELD_S = 5.0
LEAST_SUNG_S = 3.0


@dataclass(frozen=True)
class FragmentEvidence:
    """Joins, phrases and held pitches of one sound."""

    sung_s: float
    joins_s: tuple[float, ...]
    phrase_s: tuple[float, ...]
    held_s: NDArray[np.float64]  # seconds held at each MIDI semitone, (128,)
    places: tuple[Place, ...]


def measure(heard: Heard) -> FragmentEvidence:
    """Measure joins, phrases and held pitches of a sound."""
    joins = [at for at in find_joins(heard.mono, heard.sample_rate) if _is_near_singing(heard, at)]
    phrases = [(a * FRAME_S, b * FRAME_S) for a, b in true_spans(closed(heard.is_sung, 10), 5)]
    held = np.zeros(128)
    for first, last in find_notes(heard.midi):
        if (last - first) * FRAME_S >= NOTE_S:
            held[int(np.clip(np.rint(np.nanmedian(heard.midi[first:last])), 0, 127))] += (last - first) * FRAME_S
    places = [heard.sound.place(max(0.0, at - 0.4), at + 0.4) for at in joins[:: max(1, len(joins) // 3)]]
    return FragmentEvidence(
        float(heard.is_sung.sum()) * FRAME_S, tuple(joins), uninterrupted(phrases, joins), held, tuple(places[:3])
    )


def conclude(evidence: Sequence[FragmentEvidence]) -> Finding:
    """Judge the joins of a corpus."""
    sung_s = sum(item.sung_s for item in evidence)
    phrases = [phrase for item in evidence for phrase in item.phrase_s]
    numbers = {
        "joins_per_s": sum(len(item.joins_s) for item in evidence) / sung_s if sung_s else float("nan"),
        "median_phrase_s": float(np.median(phrases)) if phrases else float("nan"),
        "sung_s": sung_s,
    }
    if sung_s < LEAST_SUNG_S:
        return Finding("fragments", "unknown", f"only {sung_s:.1f} s are sung; {LEAST_SUNG_S:g} s are needed", numbers)
    what = f"{numbers['joins_per_s']:.2f} joins per second, phrases of {numbers['median_phrase_s']:.2f} s (median)"
    severity = graded(numbers["joins_per_s"], JOINED, MUCH_JOINED)
    if severity == "fine":
        return Finding("fragments", severity, what, numbers)
    return Finding(
        "fragments",
        severity,
        what,
        numbers,
        "Transitions between sounds are missing or wrong at every join, and the encoder receives clicks (case D).",
        "Use whole takes. With a sound bank, keep the order of its fragments (data.fragments.join=ordered).",
        worst_places([place for item in evidence for place in item.places]),
    )


def conclude_pitches(evidence: Sequence[FragmentEvidence]) -> Finding:
    """Judge the number of held pitches of a corpus."""
    held = np.sum([item.held_s for item in evidence], axis=0) if evidence else np.zeros(128)
    total = float(held.sum())
    numbers = {"held_pitches": float(pitches_for(held, 0.95)), "held_s": total}
    if total < LEAST_HELD_S:
        reason = f"only {total:.1f} s of notes over {NOTE_S:g} s; {LEAST_HELD_S:g} s are needed"
        return Finding("pitches", "unknown", reason, numbers)
    what = f"{numbers['held_pitches']:.0f} pitches make up 95 % of the held singing"
    severity = graded(-numbers["held_pitches"], -FEW, -VERY_FEW)
    if severity == "fine":
        return Finding("pitches", severity, what, numbers)
    return Finding(
        "pitches",
        severity,
        what,
        numbers,
        "Pitches between the recorded ones are guessed; this explains most of the loss with a sound bank (case D).",
        "Add a few minutes of melodic singing: that helps more than longer fragments.",
    )


def find_joins(waveform: NDArray[np.float32], sample_rate: int) -> list[float]:
    """Times (s) of sudden bends of a waveform (S,) that are unlike their surroundings."""
    near, around = max(1, round(NEAR_S * sample_rate)), round(AROUND_S * sample_rate)
    if len(waveform) < 4 * around:
        return []
    bend = np.abs(np.diff(waveform.astype(np.float64), 2, prepend=waveform[0], append=waveform[-1]))
    peak = maximum_filter1d(bend, 2 * near + 1)
    side = maximum_filter1d(bend, around - near, mode="constant")
    shift = near + (around - near) // 2 + 1
    before, after = np.zeros_like(side), np.zeros_like(side)
    before[shift:], after[:-shift] = side[:-shift], side[shift:]
    least = max(float(bend.max()) * 10 ** (LEAST_BEND_DB / 20), 1e-5)
    is_join = (bend == peak) & (bend > SHARPER * np.maximum(before, after)) & (bend > least)
    found: list[float] = []
    for index in np.flatnonzero(is_join):
        if around < index < len(bend) - around and (not found or index / sample_rate - found[-1] > APART_S):
            found.append(float(index / sample_rate))
    return found


def uninterrupted(phrases: Sequence[tuple[float, float]], joins: Sequence[float]) -> tuple[float, ...]:
    """Durations of phrases (start and end, s) cut at the joins."""
    lengths: list[float] = []
    for start, end in phrases:
        bounds = [start, *(at for at in joins if start < at < end), end]
        lengths += np.diff(bounds).tolist()
    return tuple(lengths)


def pitches_for(held: NDArray[np.float64], share: float) -> int:
    """Smallest number of semitones that make up a share of the held seconds (128,)."""
    total = float(held.sum())
    if total <= 0:
        return 0
    return int(np.searchsorted(np.cumsum(np.sort(held)[::-1]) / total, share - 1e-9)) + 1


def _is_near_singing(heard: Heard, at_s: float) -> bool:
    frame = round(at_s / FRAME_S)
    return bool(heard.is_sung[max(0, frame - 3) : frame + 4].any())
