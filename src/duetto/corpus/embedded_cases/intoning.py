"""Intones an English sentence: spoken by a network, analysed by WORLD, and synthesised on sung notes.

Each reader changes formants and envelope, as the singers do, and has a random melody with one note per syllable; a
syllable is a voiced stretch between two dips of the level.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from duetto.errors import ConfigError
from duetto.singer.f0 import wander
from duetto.singer.spectrum import smooth_curve
from duetto.singer.timing import HOP_S
from duetto.singer.voices import PitchStyle
from duetto.storage.audio import Waveform
from duetto.units import midi_to_hz
from duetto.world import import_world

PACKAGE = "hibari-tts"
SAMPLE_RATE = 24_000  # Hz, the network's
FRAME_S = 0.0125  # hop of the network's pitch; frame k is centred at (k + 0.5) frames
VOICED_HZ = 40.0  # the network's pitch is above this in voiced frames
F0_FLOOR_HZ = 71.0  # determines the length of WORLD's spectra
SPAN_SEMITONES = 17  # range of a reader
STEPS = (-5, -4, -3, -2, -2, -1, 0, 1, 2, 2, 3, 4, 5)  # semitones from one syllable to the next
DIP_DB, SYLLABLE_S = 3.0, 0.09  # least depth of a dip between syllables, least distance of two dips
LEVEL_BAND_HZ = (300.0, 3000.0)


@dataclass(frozen=True)
class Reader:
    """One reader."""

    name: str
    low_midi: int
    formant_ratio: float
    warp_seed: int
    warp_depth: float  # standard deviation of the seeded log-frequency warp
    equaliser_db: float  # standard deviation of the seeded smooth equaliser
    tilt_db_per_octave: float  # about 1 kHz
    style: PitchStyle


@dataclass(frozen=True)
class Speech:
    """WORLD's analysis of a sentence, frames of 5 ms."""

    f0_hz: NDArray[np.float64]  # (T,), 0.0 = unvoiced
    power: NDArray[np.float64]  # (T, bins)
    aperiodicity: NDArray[np.float64]  # (T, bins), 0..1


def speak(text: str, pace: float, seed: int) -> Speech:
    """Speak a sentence with the network, and analyse it with WORLD.

    Args:
        text: English text.
        pace: 0.5 to 2; 1 = normal speaking rate.
        seed: Seed of the network's noise.

    Raises:
        ConfigError: If `hibari-tts` is not installed.
    """
    pyworld = import_world()
    waveform, pitch_hz = _network_says(text, pace, seed)
    samples = waveform.astype(np.float64)
    time = np.arange(int(samples.size / SAMPLE_RATE / HOP_S) + 1) * HOP_S
    frames = time / FRAME_S - 0.5
    nearest = np.clip(np.rint(frames).astype(int), 0, pitch_hz.size - 1)
    is_voiced = pitch_hz > VOICED_HZ
    held = np.interp(frames, np.flatnonzero(is_voiced), pitch_hz[is_voiced]) if is_voiced.any() else 0.0
    f0_hz = np.where(is_voiced[nearest], held, 0.0)
    power = pyworld.cheaptrick(samples, f0_hz, time, SAMPLE_RATE, f0_floor=F0_FLOOR_HZ)
    noise = pyworld.d4c(samples, f0_hz, time, SAMPLE_RATE, fft_size=2 * (power.shape[1] - 1))
    return Speech(f0_hz, power, noise)


def intone(speech: Speech, reader: Reader, random: np.random.Generator) -> NDArray[np.float64]:
    """Synthesise the sentence in a reader's voice on a melody, (S,)."""
    pyworld = import_world()
    midi = _melody(speech, reader, random)
    f0_hz = np.where(speech.f0_hz > 0, np.asarray(midi_to_hz(midi)), 0.0)
    hz = np.linspace(0.0, SAMPLE_RATE / 2, speech.power.shape[1])
    safe = np.maximum(hz, 20.0)
    warp = reader.warp_depth * smooth_curve(reader.warp_seed, safe) * np.clip(np.log2(safe / 100.0), 0.0, 1.0)
    place = hz / (reader.formant_ratio * np.exp(warp)) / hz[1]  # bins of the speaker; clamped to the last
    gain_db = reader.equaliser_db * smooth_curve(reader.warp_seed + 1, safe)
    gain_db += reader.tilt_db_per_octave * np.log2(np.clip(safe, 100.0, 12_000.0) / 1000.0)
    power = np.exp(_moved(np.log(speech.power), place)) * 10.0 ** (gain_db / 10.0)
    aperiodicity = np.clip(_moved(speech.aperiodicity, place), 0.001, 1.0)
    return np.asarray(pyworld.synthesize(f0_hz, power, aperiodicity, SAMPLE_RATE, HOP_S * 1000.0))


def _moved(rows: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read rows (T, bins) at fractional bins, (T, bins); bins beyond the last are clamped."""
    last = rows.shape[1] - 1
    place = np.clip(place, 0.0, last)
    below = np.minimum(place.astype(int), last - 1)
    share = place - below
    return np.ascontiguousarray(rows[:, below] * (1.0 - share) + rows[:, below + 1] * share)


def _melody(speech: Speech, reader: Reader, random: np.random.Generator) -> NDArray[np.float64]:
    """Pitch in each frame, (T,), MIDI: one note per syllable, glides between notes, and the reader's drift."""
    starts = syllable_starts(speech)
    note = float(random.uniform(reader.low_midi + 3, reader.low_midi + SPAN_SEMITONES - 3))
    midi = np.full(speech.f0_hz.size, note)
    for start in starts:
        note += float(random.choice(STEPS))
        if not reader.low_midi <= note <= reader.low_midi + SPAN_SEMITONES:
            note = float(random.uniform(reader.low_midi, reader.low_midi + SPAN_SEMITONES))
        midi[start:] = note
    glided = gaussian_filter1d(midi, 0.4 * reader.style.portamento_s / HOP_S, mode="nearest")
    return glided + wander(midi.size, reader.style, random) / 100.0


def syllable_starts(speech: Speech) -> list[int]:
    """Frames at which a syllable begins: voicing onsets, and level dips within a voiced stretch."""
    bins = np.array(LEVEL_BAND_HZ) / (SAMPLE_RATE / 2) * (speech.power.shape[1] - 1)
    low, high = (round(float(edge)) for edge in bins)
    level_db = gaussian_filter1d(10.0 * np.log10(speech.power[:, low:high].sum(axis=1) + 1e-12), 2.0)
    is_voiced = speech.f0_hz > 0
    onsets = np.flatnonzero(is_voiced & ~np.concatenate([[False], is_voiced[:-1]]))
    dips, _ = find_peaks(-level_db, prominence=DIP_DB, distance=max(1, round(SYLLABLE_S / HOP_S)))
    starts: list[int] = []
    for start in sorted({*onsets.tolist(), *(dip for dip in dips.tolist() if is_voiced[dip])}):
        if not starts or (start - starts[-1]) * HOP_S >= SYLLABLE_S:
            starts.append(int(start))
    return starts


def _network_says(text: str, pace: float, seed: int) -> tuple[Waveform, NDArray[np.float64]]:
    """A sentence, (S,) at 24 kHz, and its pitch, (F,), Hz, frames of 12.5 ms."""
    network = _network()
    from hibari import dsp

    waves, pitches = [], []
    for phonemes in network.phonemize(text):
        numbers = np.array([network.ids(phonemes)], dtype=np.int64)
        parts = network.sess.run(None, {"ids": numbers, "speed": np.array([pace], dtype=np.float32)})
        waves.append(dsp.synth(*(part[0] for part in parts), np.random.default_rng(seed)))
        pitches.append(np.asarray(parts[-1][0], dtype=np.float64))
    return np.concatenate(waves), np.concatenate(pitches)


@lru_cache(maxsize=1)
def _network() -> Any:
    try:
        from hibari import Hibari
    except ImportError as error:
        raise ConfigError(f"The choir's readers need {PACKAGE}: pip install {PACKAGE}. ({error})") from error
    return Hibari()
