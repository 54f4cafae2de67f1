"""The transposition at which a voice covers most of a melody.

An octave keeps the key, so that it still fits the accompaniment: another interval is preferred only if the voice then
covers clearly more. Of equal ones, the smallest is chosen.
"""

import numpy as np

from duetto.conversion.register import NUM_SEMITONES, Register, outside_share, say_register

OCTAVES = (0, -12, 12, -24, 24)
SEMITONES = tuple(sorted(range(-24, 25), key=abs))
CLEARLY = 0.05  # share of the melody that another interval than an octave has to gain
NOTICED = 0.01  # share below which two intervals are equal
TOLD = 0.1  # share of a melody outside the register from which a user is told


def outside_at(melody: Register, voice: Register, semitones: int) -> float:
    """Share of a transposed melody that the voice does not cover; NaN without singing."""
    around = np.pad(melody, NUM_SEMITONES)  # what leaves the table of semitones is outside
    shifted = around[NUM_SEMITONES - semitones :][:NUM_SEMITONES]
    lost = float(melody.sum() - shifted.sum())
    inside = (1.0 - outside_share(shifted, voice)) * float(shifted.sum()) if shifted.any() else 0.0
    return 1.0 - inside / (float(shifted.sum()) + lost) if melody.any() else float("nan")


def best_transposition(melody: Register, voice: Register, only_octaves: bool = False) -> int:
    """The interval in whole semitones; 0 for a melody without singing.

    Args:
        melody: What is to be sung.
        voice: What the voice was trained on.
        only_octaves: Whether other intervals are left out, as for a song whose accompaniment stays.
    """
    octave = _best(melody, voice, OCTAVES)
    any_interval = octave if only_octaves else _best(melody, voice, SEMITONES)
    gain = outside_at(melody, voice, octave) - outside_at(melody, voice, any_interval)
    return any_interval if gain > CLEARLY else octave


def advise(melody: Register, voice: Register, semitones: float, only_octaves: bool = False) -> str:
    """A sentence on a melody that lies outside a voice's register, with a better transposition; empty if it fits."""
    outside = outside_at(melody, voice, round(semitones))
    if not outside > TOLD:
        return ""
    best = best_transposition(melody, voice, only_octaves)
    left = outside_at(melody, voice, best)
    said = f"{100 * outside:.0f} % of the melody lies outside the voice's register ({say_register(voice)})"
    if outside - left > CLEARLY:
        return f"{said}; transpose={best} would leave {100 * left:.0f} %."
    return f"{said}, and no other transposition would leave clearly less."


def _best(melody: Register, voice: Register, intervals: tuple[int, ...]) -> int:
    """The first interval, nearest to none, within `NOTICED` of the least share outside."""
    outside = [outside_at(melody, voice, interval) for interval in intervals]
    return next((i for i, share in zip(intervals, outside, strict=True) if share <= min(outside) + NOTICED), 0)
