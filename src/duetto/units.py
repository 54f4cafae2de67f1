"""Conversions between the units of pitch, level and time; the only place where they are written.

Pitch: Hz, MIDI note number (69 = A4 = 440 Hz), cents, semitones. Level: dB against amplitude 1.0.
All functions work on floats and on arrays.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", float, NDArray[np.floating])

A4_HZ = 440.0
A4_MIDI = 69.0
SEMITONES_PER_OCTAVE = 12.0
CENTS_PER_OCTAVE = 1200.0
NOTE_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def midi_to_hz(midi: Number) -> Number:
    """Frequency in Hz of a (fractional) MIDI note number."""
    return A4_HZ * 2.0 ** ((midi - A4_MIDI) / SEMITONES_PER_OCTAVE)


def hz_to_midi(frequency_hz: Number) -> Number:
    """Fractional MIDI note number of a frequency > 0 Hz."""
    return A4_MIDI + SEMITONES_PER_OCTAVE * np.log2(frequency_hz / A4_HZ)


def note_name(midi: int) -> str:
    """Name of a MIDI note number in scientific pitch notation: 69 = A4."""
    return f"{NOTE_NAMES[midi % 12]}{midi // 12 - 1}"


def cents_between(reference_hz: Number, estimate_hz: Number) -> Number:
    """Interval from `reference_hz` up to `estimate_hz` in cents; both > 0 Hz."""
    return CENTS_PER_OCTAVE * np.log2(estimate_hz / reference_hz)


def semitones_to_ratio(semitones: Number) -> Number:
    """Frequency ratio of an interval in semitones: 12 gives 2.0."""
    return 2.0 ** (semitones / SEMITONES_PER_OCTAVE)


def db_to_amplitude(level_db: Number) -> Number:
    """Amplitude ratio of a level in dB: -6.02 gives 0.5."""
    return 10.0 ** (level_db / 20.0)


def amplitude_to_db(amplitude: Number, floor_db: float = -160.0) -> Number:
    """Level in dB of an amplitude ratio, never below `floor_db`."""
    return 20.0 * np.log10(np.maximum(amplitude, 10.0 ** (floor_db / 20.0)))


def seconds_to_samples(duration_s: float, sample_rate: int) -> int:
    """Number of samples nearest to a duration."""
    return round(duration_s * sample_rate)
