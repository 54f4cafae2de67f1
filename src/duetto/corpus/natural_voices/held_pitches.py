"""Intones speech: analysed by WORLD and synthesised on held notes, one for each syllable.

The melody and the syllables are found once, in the speech of one timbre, and all timbres of the same prosody are put
on them, so that they stay synchronous and sing the same notes.

Conventions: frames of 5 ms, as in `duetto.corpus.embedded_cases.intoning`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from duetto.corpus.embedded_cases.intoning import Speech, syllable_starts
from duetto.storage.audio import Waveform
from duetto.units import hz_to_midi, midi_to_hz
from duetto.world import F0_CEIL_HZ, F0_FLOOR_HZ, aperiodicity, import_world, power_envelope

HOP_S = 0.005
STEPS = (-4, -3, -2, -2, -1, 0, 1, 2, 2, 3, 4)  # semitones from one note to the next
BELOW, ABOVE = 4, 10  # semitones that the melody may lie below and above the speaker's median pitch
LOWEST_MIDI = 36.0
GLIDE_FRAMES = 5.0  # standard deviation of the smoothing between two notes
DRIFT_CENTS = 6.0  # standard deviation of the slow wander of a held note
DRIFT_FRAMES = 18.0


@dataclass(frozen=True)
class Melody:
    """Pitch of each frame, (T,), MIDI."""

    midi: NDArray[np.float64]


def analyse_speech(waveform: Waveform, sample_rate: int) -> Speech:
    """WORLD's analysis of a waveform (S,); pitch by DIO with StoneMask."""
    pyworld = import_world()
    samples = waveform.astype(np.float64)
    rough, times_s = pyworld.dio(samples, sample_rate, F0_FLOOR_HZ, F0_CEIL_HZ, frame_period=1000.0 * HOP_S)
    f0_hz = pyworld.stonemask(samples, rough, times_s, sample_rate)
    power = power_envelope(samples, f0_hz, times_s, sample_rate)
    return Speech(f0_hz, power, aperiodicity(samples, f0_hz, times_s, sample_rate))


def draw_melody(speech: Speech, random: np.random.Generator) -> Melody:
    """A held note for each syllable, around the speaker's median pitch (of 150 Hz if nothing is voiced)."""
    is_voiced = speech.f0_hz > 0
    middle = float(hz_to_midi(np.median(speech.f0_hz[is_voiced]) if is_voiced.any() else 150.0))
    low = max(LOWEST_MIDI, middle - BELOW)
    note = float(random.uniform(low, middle + ABOVE / 2))
    midi = np.full(speech.f0_hz.size, note)
    for start in syllable_starts(speech):
        note += float(random.choice(STEPS))
        if not low <= note <= middle + ABOVE:
            note = float(random.uniform(low, middle + ABOVE))
        midi[start:] = note
    drift = gaussian_filter1d(random.standard_normal(midi.size), DRIFT_FRAMES)
    drift *= DRIFT_CENTS / 100.0 / max(float(drift.std()), 1e-9)
    return Melody(gaussian_filter1d(midi, GLIDE_FRAMES, mode="nearest") + drift)


def sing_on(speech: Speech, melody: Melody, sample_rate: int, num_samples: int) -> Waveform:
    """The speech on a melody of as many frames, (num_samples,)."""
    f0_hz = np.where(speech.f0_hz > 0, np.asarray(midi_to_hz(melody.midi)), 0.0)
    sung = import_world().synthesize(f0_hz, speech.power, speech.aperiodicity, sample_rate, 1000.0 * HOP_S)
    return np.pad(sung, (0, max(0, num_samples - sung.size)))[:num_samples].astype(np.float32)
