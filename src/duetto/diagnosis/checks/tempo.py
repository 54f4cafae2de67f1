"""Tempo: the rate of note onsets, and the share of the singing in notes longer than half a second.

A note ends with its voicing, or where the pitch leaves the note's median permanently by more than 0.7 semitones. Two
notes of one pitch without a gap count as one. Recordings of speech have no notes and are left out.

Predicts case B: a voice without held notes has to stretch short ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from duetto.diagnosis.checks import speech
from duetto.diagnosis.finding import Finding, Place, graded, worst_places
from duetto.diagnosis.sound import FRAME_S, Heard, closed
from duetto.spans import Span, true_spans

HELD_S = 0.5
SHORTEST_NOTE_S = 0.06
STEP_SEMITONES = 0.7
WINDOW_S = 0.1  # about half a vibrato's period, so that the vibrato averages out
BRIDGED_S = 0.02  # longest unvoiced gap within a note
LEAST_VOICED_S = 5.0
FEW_HELD, NO_HELD = 0.10, 0.03  # share of voiced time


@dataclass(frozen=True)
class TempoEvidence:
    """Durations of a sound's notes."""

    note_s: NDArray[np.float64]  # (K,)
    held: tuple[Place, ...]  # the longest notes
    shortest: tuple[Place, ...]  # a stretch of many onsets
    phrase_s: float  # total duration of phrases
    speech: speech.SpeechEvidence


def measure(heard: Heard) -> TempoEvidence:
    """Find the notes of a sound."""
    notes = find_notes(heard.midi)
    lengths = np.array([(last - first) * FRAME_S for first, last in notes])
    longest = sorted(notes, key=lambda span: span[0] - span[1])[:1]
    busiest = [heard.sound.frames_place((notes[i][0], notes[i + 7][1])) for i in range(0, max(0, len(notes) - 7), 16)]
    phrase = closed(np.isfinite(heard.midi), round(0.3 / FRAME_S))
    return TempoEvidence(
        lengths,
        tuple(heard.sound.frames_place(span) for span in longest),
        tuple(busiest[:2]),
        float(phrase.sum()) * FRAME_S,
        speech.measure(heard),
    )


def conclude(evidence: Sequence[TempoEvidence]) -> Finding:
    """Judge the tempo of a corpus."""
    spoken = speech.spoken_recordings(item.speech for item in evidence)
    evidence = [item for item in evidence if item.speech.recording not in spoken]
    notes = np.concatenate([item.note_s for item in evidence]) if evidence else np.zeros(0)
    voiced_s, phrase_s = float(notes.sum()), sum(item.phrase_s for item in evidence)
    numbers = {
        "notes_per_s": len(notes) / phrase_s if phrase_s else float("nan"),
        "median_note_s": float(np.median(notes)) if len(notes) else float("nan"),
        "held_share": float(notes[notes > HELD_S].sum() / voiced_s) if voiced_s else float("nan"),
        "voiced_s": voiced_s,
    }
    if voiced_s < LEAST_VOICED_S:
        besides = " besides the speech" if spoken else ""
        reason = f"only {voiced_s:.1f} s are voiced{besides}; {LEAST_VOICED_S:g} s are needed"
        return Finding("tempo", "unknown", reason, numbers)
    what = (
        f"{numbers['notes_per_s']:.1f} notes per second, {100 * numbers['held_share']:.0f} % of the singing in notes "
        f"over {HELD_S:g} s"
    )
    severity = graded(-numbers["held_share"], -FEW_HELD, -NO_HELD)
    if severity == "fine":
        return Finding("tempo", severity, what, numbers)
    places = worst_places([place for item in evidence for place in item.shortest])
    return Finding(
        "tempo",
        severity,
        what,
        numbers,
        "Held notes of a slow song may flutter or have a fast song's attacks (case B): the voice never held one.",
        "Add slow songs or long tones; time-stretching a part of the recordings is a substitute worth measuring.",
        places,
    )


def find_notes(midi: NDArray[np.float64]) -> list[Span]:
    """Notes of a contour (T,), MIDI, NaN = unvoiced: spans of frames of at least 60 ms."""
    notes: list[Span] = []
    least = round(SHORTEST_NOTE_S / FRAME_S)
    for first, last in true_spans(closed(np.isfinite(midi), round(BRIDGED_S / FRAME_S)), least):
        steps = first + np.array(_steps(midi[first:last]), dtype=np.int64)
        bounds = [first, *steps.tolist(), last]
        notes += [span for span in pairwise(bounds) if span[1] - span[0] >= least]
    return notes


def _steps(midi: NDArray[np.float64]) -> list[int]:
    """Frames at which a voiced stretch moves to another note: medians of 0.1 s before and after differ most."""
    width = round(WINDOW_S / FRAME_S)
    if len(midi) < 2 * width:
        return []
    midi = np.interp(np.arange(len(midi)), np.flatnonzero(np.isfinite(midi)), midi[np.isfinite(midi)])
    median = np.median(np.lib.stride_tricks.sliding_window_view(midi, width), axis=1)
    change = np.abs(median[width:] - median[:-width])  # of frame width + k
    peaks, _ = find_peaks(np.pad(change, 1), height=STEP_SEMITONES, distance=round(SHORTEST_NOTE_S / FRAME_S))
    return [int(peak) - 1 + width for peak in peaks]
