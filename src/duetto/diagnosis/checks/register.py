"""Register: the pitches at which the voice was recorded, and further ones that the songs to convert need.

Predicts case A (`duetto.conversion.register`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duetto.conversion.register import COVERED_S, NUM_SEMITONES, outside_share, percentiles
from duetto.diagnosis.finding import Finding, Place, Severity, graded, worst_places
from duetto.diagnosis.sound import FRAME_S, Heard, closed
from duetto.spans import true_spans
from duetto.units import note_name

LEAST_SUNG_S = 5.0  # least singing for a judgement
NARROW, VERY_NARROW = 10.0, 7.0  # semitones from P5 to P95
OUTSIDE, FAR_OUTSIDE = 0.25, 0.45  # share of the songs' singing at uncovered pitches
PREDICTS = (
    "Notes outside the register use pitch rows that were never trained: the timbre is wrong, hoarse or breaking "
    "(case A)."
)


@dataclass(frozen=True)
class RegisterEvidence:
    """Seconds sung at each MIDI semitone, (128,), and places of the rarest pitches."""

    seconds: NDArray[np.float64]
    extremes: tuple[tuple[int, Place], ...]  # a semitone and a place where it is sung


def measure(heard: Heard) -> RegisterEvidence:
    """Measure the voiced seconds at each semitone of a sound."""
    midi = np.rint(heard.midi[np.isfinite(heard.midi)]).astype(np.int64)
    counts = np.bincount(np.clip(midi, 0, NUM_SEMITONES - 1), minlength=NUM_SEMITONES)
    seconds = np.asarray(counts * FRAME_S, dtype=np.float64)
    places = []
    for semitone in {int(midi.min()), int(midi.max())} if len(midi) else set():
        near = closed(np.abs(np.nan_to_num(heard.midi, nan=-1e3) - semitone) < 1.0, 10)
        first, last = max(true_spans(near), key=lambda span: span[1] - span[0])
        places.append((semitone, heard.sound.frames_place((max(0, first - 20), last + 20), note_name(semitone))))
    return RegisterEvidence(seconds, tuple(places))


def conclude(evidence: Sequence[RegisterEvidence], songs: Mapping[str, NDArray[np.float64]] | None = None) -> Finding:
    """Judge the register of a corpus.

    Args:
        evidence: Evidence of the training recordings.
        songs: Seconds per semitone (128,) that each song to convert needs; None = unknown.
    """
    seconds = np.sum([item.seconds for item in evidence], axis=0) if evidence else np.zeros(NUM_SEMITONES)
    numbers = percentiles(seconds)
    if numbers["sung_s"] < LEAST_SUNG_S:
        return Finding(
            "register", "unknown", f"only {numbers['sung_s']:.1f} s are sung; {LEAST_SUNG_S:g} s are needed", numbers
        )
    span = numbers["span_semitones"]
    low, high = (note_name(round(numbers[f"p{p}_midi"])) for p in (5, 95))
    what = f"sung from {low} to {high} (P5-P95), {span:.0f} semitones"
    severity: Severity = graded(-span, -NARROW, -VERY_NARROW)
    advice = "Record songs or scales over the range you want to convert to, or transpose the songs into the register."
    if songs:
        outside = {name: outside_share(song, seconds) for name, song in sorted(songs.items())}
        worst = max(outside, key=lambda name: outside[name])
        total = outside_share(np.sum(list(songs.values()), axis=0), seconds)
        numbers |= {"songs_outside_share": total, "worst_song_outside_share": outside[worst]}
        severity = graded(max(total, outside[worst] / 2), OUTSIDE, FAR_OUTSIDE)
        what += f"; the songs sing {100 * total:.0f} % outside (most: {worst}, {100 * outside[worst]:.0f} %)"
        missing = missing_semitones(songs, seconds)
        if missing:
            advice = f"Missing pitches: {', '.join(note_name(m) for m in missing)}. {advice}"
    if severity == "fine":
        return Finding("register", severity, what, numbers)
    places = [place for item in evidence for semitone, place in item.extremes if not low_or_inside(semitone, seconds)]
    return Finding("register", severity, what, numbers, PREDICTS, advice, worst_places(places))


def low_or_inside(semitone: int, seconds: NDArray[np.float64]) -> bool:
    """Whether a semitone is well covered, so that it needs no place to listen to."""
    return bool(seconds[semitone] >= 4 * COVERED_S)


def missing_semitones(songs: Mapping[str, NDArray[np.float64]], seconds: NDArray[np.float64]) -> list[int]:
    """Semitones that a song needs for 0.2 s or more and that the recordings do not cover."""
    needed = np.sum(list(songs.values()), axis=0)
    return [int(m) for m in np.flatnonzero((needed >= 0.2) & (seconds < COVERED_S))]
