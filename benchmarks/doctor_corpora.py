"""Small corpora with one known defect each, or none, made from the pool of songs; everything follows from a seed.

A corpus is one voice and seven excerpts (about 40 s), two more held out. The clean oracle mixes slow, middle and fast
songs over the voice's range. Every defect has doses; the lowest are meant to be hard.
"""

from dataclasses import dataclass
from typing import Any

import doctor_pool
import numpy as np
from doctor_defects import NUM_EXCERPTS, RATE, SPOIL, Random, Songs

from duetto.diagnosis.checks.songs import contour_seconds
from duetto.diagnosis.diagnosis import Problem
from duetto.diagnosis.sound import FRAME_S, Heard, Sound
from duetto.features.f0 import build_f0_extractor
from duetto.settings.config import F0Config
from duetto.singer.choir import choir_names
from duetto.storage.audio import read_audio

EXCERPT_S = (5.0, 7.0)
PRONE_VOICE = "choir_01"  # SwiftF0 and harvest part by an octave in a quarter of it
VOICES = tuple(name for name in choir_names()[: doctor_pool.NUM_VOICES] if name != PRONE_VOICE)
# defect -> doses, from mild to strong; and the check that ought to name it
DEFECTS: dict[str, tuple[tuple[Any, ...], str]] = {
    "clean": ((0,), ""),
    "register": ((3, 6, 12), "register"),  # semitones by which the songs lie above a narrow corpus
    "fast": ((1.0,), "tempo"),  # share of fast songs
    "noise": ((35.0, 25.0, 15.0), "noise"),  # dB SNR
    "room": ((0.4, 0.6, 0.9), "room"),  # s
    "gate": ((-24.0, -40.0, -100.0), "gate"),  # dB level reduction
    "subtraction": ((1.5, 3.0, 6.0), "holes"),  # over-subtraction of a noise at 25 dB
    "clipping": ((0.8, 0.5, 0.25), "clipping"),  # of the peak
    "mp3": ((0.9, 0.95, 0.99), "codec"),  # libsndfile's compression level
    "low_rate": ((24_000, 16_000), "codec"),  # Hz, resampled up again
    "bleed_stereo": ((-35.0, -25.0, -15.0), "bleed"),  # dB against the voice
    "bleed_mono": ((-40.0, -30.0, -20.0), "bleed"),
    "fragments": ((500.0, 250.0, 120.0), "fragments"),  # ms
    "flat": ((3,), "pitches"),  # pitches
    "duplicate": ((1, 2), "duplicates"),  # copies within train
    "leak": ((0, 1), "duplicates"),  # of a training excerpt in test: exact, or with noise, gain and MP3
    "octaves": ((-12.0, -6.0, 0.0), "pitch"),  # dB of the same line an octave below
    "octave_voice": ((1,), "pitch"),  # a voice that the pitch tracker mistakes
    "speech": ((1.0, 1.12, 0.9), "speech"),  # a reader, at so many times the pitch and pace
    "low_header": ((16_000, 11_025, 8000), "codec"),  # Hz, of the files themselves
    "soft": ((-30.0, -40.0, -48.0), ""),  # dBFS peak in 24 bits: nothing is wrong
    "refused": (("cancels", "silent", "cut"), "intake"),  # two files of a folder that training does not use
}


@dataclass(frozen=True)
class Specimen:
    """A corpus with a known defect."""

    seed: int
    defect: str
    dose: Any
    sounds: tuple[Sound | Problem, ...]
    songs: dict[str, np.ndarray]  # seconds per semitone that are to be converted; {} = not told


def make(seed: int, defect: str, dose: Any) -> Specimen:
    """The corpus of a seed, with a defect at a dose."""
    random = np.random.default_rng([seed, 11])
    voice = PRONE_VOICE if defect == "octave_voice" else VOICES[int(random.integers(len(VOICES)))]
    kinds = {"register": ("narrow",), "fast": ("fast",), "flat": ("flat",)}.get(defect, ("slow", "middle", "fast"))
    sounds = excerpts(voice, kinds, random)
    songs = wanted_songs(sounds, float(dose) if defect == "register" else 0.0)
    if defect in SPOIL:
        sounds = SPOIL[defect](sounds, dose, random)
    return Specimen(seed, defect, dose, tuple(sounds), songs)


def excerpts(voice: str, kinds: tuple[str, ...], random: Random) -> Songs:
    """Excerpts of a voice's songs, the last two held out."""
    files = [
        doctor_pool.song_file(voice, kind, number) for number, kind in enumerate(doctor_pool.KINDS) if kind in kinds
    ]
    order = random.permutation(len(files))
    sounds = []
    for place in range(min(NUM_EXCERPTS + 2, len(files) * 2)):
        path = files[order[place % len(files)]]
        waveform, _ = read_audio(path)
        half = len(waveform) // 2
        part = waveform[:half] if place < len(files) else waveform[half:]  # the halves of a song never overlap
        length = min(len(part), round(random.uniform(*EXCERPT_S) * RATE))
        split = "train" if place < NUM_EXCERPTS and place < len(files) * 2 - 1 else "test"
        name = f"{path.stem}-{place // len(files)}"
        sounds.append(Sound(name, part[None, :length].copy(), RATE, 0.0, split, voice))
    return sounds


def wanted_songs(sounds: Songs, up: float) -> dict[str, np.ndarray]:
    """What there is to convert: the held-out recordings of the voice, so many semitones higher."""
    tracker = build_f0_extractor(F0Config())
    held = [sound for sound in sounds if sound.split == "test"]
    return {sound.recording: contour_seconds(Heard(sound, tracker).midi, FRAME_S, up) for sound in held}
