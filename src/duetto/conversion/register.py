"""Register: how long a voice, or a melody, sings at each semitone; what of a melody a voice never learned.

RVC and Diff-SVC look up pitch in a table of learned rows; rows that training never used are noise. A semitone counts as
covered from half a second of singing.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetto.errors import CheckpointError
from duetto.units import hz_to_midi, note_name

NUM_SEMITONES = 128
COVERED_S = 0.5  # of singing at a semitone
CARD_FIELD = "register"  # in a voice's card
Register = NDArray[np.float64]  # seconds sung at each MIDI semitone, (128,)


def register_of(contours: Iterable[NDArray[np.floating[Any]]], frame_s: float) -> Register:
    """The register of melodies.

    Args:
        contours: `f0_hz` of each, (T,), 0 where unvoiced.
        frame_s: Time from one frame to the next, s.
    """
    counts = np.zeros(NUM_SEMITONES)
    for f0_hz in contours:
        midi = np.rint(hz_to_midi(f0_hz[f0_hz > 0].astype(np.float64))).astype(np.int64)
        counts += np.bincount(np.clip(midi, 0, NUM_SEMITONES - 1), minlength=NUM_SEMITONES)
    return counts * frame_s


def as_json(register: Register) -> dict[str, Any]:
    """The register for a voice's card: its lowest semitone, and the seconds from there up."""
    sung = np.flatnonzero(register)
    low, high = (int(sung[0]), int(sung[-1])) if len(sung) else (0, 0)
    return {"lowest_midi": low, "seconds": [round(float(value), 2) for value in register[low : high + 1]]}


def from_json(value: Any) -> Register | None:
    """The register in a voice's card; None if it holds none, as the card of an imported voice.

    Raises:
        CheckpointError: If it is damaged.
    """
    if value is None:
        return None
    try:
        low, seconds = int(value["lowest_midi"]), np.asarray(value["seconds"], np.float64)
        return np.pad(seconds, (low, NUM_SEMITONES - low - len(seconds)))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"The register in the voice's card is damaged ({error}). Train the voice again."
        ) from error


def percentiles(register: Register) -> dict[str, float]:
    """P5, P50, P95 (MIDI), span, sung seconds and covered semitones."""
    total = float(register.sum())
    share = np.cumsum(register) / max(total, 1e-12)
    marks = {p: float(np.searchsorted(share, p / 100)) if total else float("nan") for p in (5, 50, 95)}
    return {
        **{f"p{p}_midi": midi for p, midi in marks.items()},
        "span_semitones": marks[95] - marks[5],
        "sung_s": total,
        "covered_semitones": float(np.sum(register >= COVERED_S)),
    }


def say_register(register: Register) -> str:
    """Lowest and highest note without the rarest 5 % on either side, such as "A3 to E5"; empty without singing."""
    marks = percentiles(register)
    return " to ".join(note_name(round(marks[f"p{p}_midi"])) for p in (5, 95)) if marks["sung_s"] else ""


def outside_share(melody: Register, voice: Register) -> float:
    """Share of a melody's sung seconds at semitones that the voice does not cover; NaN without singing."""
    total = float(melody.sum())
    return float(melody[voice < COVERED_S].sum() / total) if total else float("nan")
