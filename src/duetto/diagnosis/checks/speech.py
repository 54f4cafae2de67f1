"""Speech among the recordings: a speaker's pitch never rests.

A singer's pitch stays on a note and steps to the next; a speaker's moves by more than half a semitone within 50 ms most
of the time, and never rests. A wide vibrato moves as fast, but the mean over its period rests, so both signs are
required. Each recording is judged separately.

Measured: two readers from installed packages glide in 74 and 69 % of the voiced time and rest in 2 %; eight embedded
voices in 24 fast songs glide in 18 to 37 %; a singer from a package glides in 14 % and rests in 50 %.

Predicts: held and high notes, which singing needs and speech does not have, are guessed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duetto.diagnosis.finding import Finding, Place, worst_places
from duetto.diagnosis.sound import FRAME_S, Heard
from duetto.spans import true_spans

OVER_S = 0.05
GLIDE_SEMITONES = 0.5  # least movement within that time
PERIOD_S = 0.18  # period of a vibrato
REST_SEMITONES = 0.25  # largest movement of the mean over a period, within 50 ms
GLIDING, RESTING = 0.5, 0.1  # share of the voiced time: speech glides more and rests less
LEAST_VOICED_S = 2.0  # of a recording
SOME = 0.1  # of the voiced time of all recordings
PLAYED_S = 5.0
SLICE_MARK = "#"  # preprocessing names slices RECORDING#0001


@dataclass(frozen=True)
class SpeechEvidence:
    """Movement of one sound's pitch, s."""

    recording: str  # the same for all slices of one recording
    voiced_s: float
    moving_s: float  # in voiced stretches longer than 50 ms
    gliding_s: float  # part of moving_s
    resting_s: float
    place: Place


def measure(heard: Heard) -> SpeechEvidence:
    """Measure the glides and rests of a sound."""
    period = round(PERIOD_S / FRAME_S)
    voiced = [heard.midi[first:last] for first, last in true_spans(np.isfinite(heard.midi))]
    moves = _moves(voiced)
    means = [np.convolve(midi, np.full(period, 1 / period), "valid") for midi in voiced if len(midi) >= period]
    recording = heard.sound.recording.partition(SLICE_MARK)[0]
    return SpeechEvidence(
        recording,
        sum(map(len, voiced)) * FRAME_S,
        len(moves) * FRAME_S,
        float((moves > GLIDE_SEMITONES).sum()) * FRAME_S,
        float((_moves(means) < REST_SEMITONES).sum()) * FRAME_S,
        heard.sound.place(0.0, min(PLAYED_S, heard.sound.duration_s)),
    )


def _moves(stretches: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Movement within 50 ms in each stretch of a contour, semitones."""
    width = round(OVER_S / FRAME_S)
    moves = [np.abs(midi[width:] - midi[:-width]) for midi in stretches if len(midi) > width]
    return np.concatenate(moves) if moves else np.zeros(0)


def conclude(evidence: Sequence[SpeechEvidence]) -> Finding:
    """Judge whether a corpus holds speech."""
    voiced_s = sum(item.voiced_s for item in evidence)
    spoken = spoken_recordings(evidence)
    of_speech = [item for item in evidence if item.recording in spoken]
    spoken_s = sum(item.voiced_s for item in of_speech)
    numbers = {
        "spoken_share": spoken_s / voiced_s if voiced_s else float("nan"),
        "spoken_recordings": float(len(spoken)),
        "gliding_share": gliding_share(evidence),
        "voiced_s": voiced_s,
    }
    if voiced_s < LEAST_VOICED_S:
        reason = f"only {voiced_s:.1f} s are voiced; {LEAST_VOICED_S:g} s are needed"
        return Finding("speech", "unknown", reason, numbers)
    if numbers["spoken_share"] < SOME:
        return Finding("speech", "fine", "all recordings are singing", numbers)
    total = len({item.recording for item in evidence})
    what = "all recordings are speech" if len(spoken) == total else f"{len(spoken)} of {total} recordings are speech"
    return Finding(
        "speech",
        "warning",
        f"{what}, not singing",
        numbers,
        "The voice will be recognised, but when it sings, held notes, vibrato and pitches above those of speech are "
        "guessed.",
        "Add songs or long tones over the range that you want to convert to: a few minutes of singing do more than an "
        "hour of speech. Do not add speech to recordings with enough singing.",
        worst_places([item.place for item in of_speech]),
    )


def spoken_recordings(evidence: Iterable[SpeechEvidence]) -> frozenset[str]:
    """Names of the recordings that are speech."""
    by_recording: defaultdict[str, list[SpeechEvidence]] = defaultdict(list)
    for item in evidence:
        by_recording[item.recording].append(item)
    return frozenset(name for name, items in by_recording.items() if is_speech(items))


def is_speech(evidence: Sequence[SpeechEvidence]) -> bool:
    """Whether the pitch of a recording glides like a speaker's; False if too little of it is voiced."""
    if sum(item.voiced_s for item in evidence) < LEAST_VOICED_S:
        return False
    resting = sum(item.resting_s for item in evidence) / sum(item.voiced_s for item in evidence)
    return gliding_share(evidence) > GLIDING and resting < RESTING


def gliding_share(evidence: Sequence[SpeechEvidence]) -> float:
    """Share of the voiced time in which the pitch glides; NaN without voiced time."""
    moving_s = sum(item.moving_s for item in evidence)
    return sum(item.gliding_s for item in evidence) / moving_s if moving_s else float("nan")
