"""What is done to a corpus so that it has one known defect."""

import io
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from scipy.signal import butter, sosfilt

from duetto.corpus.embedded_cases.room import add_room, room_response
from duetto.diagnosis.diagnosis import Problem
from duetto.diagnosis.gather import folder_sounds
from duetto.diagnosis.sound import Sound
from duetto.features.moonshine import weights_path
from duetto.preprocess.segment import Segment
from duetto.preprocess.steps.gate import Gate
from duetto.preprocess.steps.spectral_subtraction import SpectralSubtraction
from duetto.settings.config import RoomConfig
from duetto.storage.audio import Waveform, read_audio, resample

RATE = 48_000
NUM_EXCERPTS = 7
Random = np.random.Generator
Songs = list[Sound]


def each(change: Callable[[Waveform, Any, Random], Waveform]) -> Callable[[Songs, Any, Random], Songs]:
    """A defect that befalls every recording alike; takes (C, S)."""

    def spoil(sounds: Songs, dose: Any, random: Random) -> Songs:
        return [
            replace(sound, channels=np.asarray(change(sound.channels, dose, random), dtype=np.float32))
            for sound in sounds
        ]

    return spoil


def level(channels: Waveform) -> float:
    """RMS of the louder half of 20 ms frames."""
    mono = channels.mean(axis=0)
    frames = mono[: len(mono) // 960 * 960].reshape(-1, 960)
    rms = np.sqrt(np.mean(np.square(frames), axis=1))
    return float(np.sqrt(np.mean(np.square(rms[rms > 0.1 * rms.max()]))))


def add_noise(channels: Waveform, snr_db: float, random: Random) -> Waveform:
    """Pinkish stationary noise."""
    white = random.standard_normal(channels.shape)
    noise = sosfilt(butter(1, 3000, fs=RATE, output="sos"), white) + 0.3 * white
    return channels + noise * (level(channels) * 10 ** (-snr_db / 20) / np.sqrt(np.mean(noise**2)))


def in_room(channels: Waveform, rt60_s: float, random: Random) -> Waveform:
    """In the room of case B."""
    response = room_response(RoomConfig(rt60_s=rt60_s), RATE, int(random.integers(1000)))
    return np.stack([add_room(channel, response) for channel in channels])


def gated(channels: Waveform, reduction_db: float, random: Random) -> Waveform:
    """Through a gate 18 to 26 dB under the voice."""
    threshold_db = 20 * np.log10(level(channels)) - random.uniform(18, 26)
    return Gate(threshold_db, reduction_db, 5.0, 30.0, random.uniform(20, 100)).gate(channels, RATE)


def subtracted(channels: Waveform, alpha: float, random: Random) -> Waveform:
    """A noise at 25 dB, subtracted with a very low floor."""
    noisy = np.asarray(add_noise(channels, 25.0, random), dtype=np.float32)
    step = SpectralSubtraction(over_subtraction=alpha, floor=0.001, profile_s=0.15)
    segments, _ = step.apply((Segment(noisy[0], RATE, "clip"),))
    return segments[0].waveform[None]


def clipped(channels: Waveform, share: float, random: Random) -> Waveform:
    """Cut at a share of the peak."""
    limit = share * np.max(np.abs(channels))
    return np.clip(channels, -limit, limit)


def through_mp3(channels: Waveform, compression: float, random: Random) -> Waveform:
    """Written and read as MP3."""
    buffer = io.BytesIO()
    soundfile.write(
        buffer,
        channels.T,
        RATE,
        format="MP3",
        subtype="MPEG_LAYER_III",
        compression_level=compression,
        bitrate_mode="CONSTANT",
    )
    buffer.seek(0)
    decoded, _ = soundfile.read(buffer, dtype="float32", always_2d=True)
    return decoded.T


def low_rate(channels: Waveform, rate: int, random: Random) -> Waveform:
    """Resampled down and up again."""
    return resample(resample(channels, RATE, rate), rate, RATE)


def backing(num_samples: int, random: Random) -> Waveform:
    """Chords of plucked saws, left and right, and a hi-hat: (2, S)."""
    time = np.arange(num_samples) / RATE
    music = np.zeros((2, num_samples))
    beat = round(random.uniform(0.4, 0.7) * RATE)
    for start in range(0, num_samples, 2 * beat):
        root = 45 + int(random.integers(12))
        for step, pan in ((0, 0.5), (4, 0.15), (7, 0.85), (12, 0.3)):
            length = min(2 * beat, num_samples - start)
            hz = 440 * 2 ** ((root + step - 69) / 12)
            tone = sum(np.sin(2 * np.pi * hz * k * time[:length]) / k for k in range(1, 9)) * np.exp(
                -1.5 * time[:length]
            )
            music[0, start : start + length] += (1 - pan) * tone
            music[1, start : start + length] += pan * tone
    for start in range(0, num_samples, beat // 2):
        length = min(2400, num_samples - start)
        music[:, start : start + length] += 0.6 * random.standard_normal(length) * np.exp(-np.arange(length) / 500)
    return music


def bleed_stereo(channels: Waveform, level_db: float, random: Random) -> Waveform:
    """A band behind the voice, in stereo."""
    music = backing(channels.shape[1], random)
    return np.repeat(channels, 2, axis=0) + music * (level(channels) * 10 ** (level_db / 20) / level(music))


def bleed_mono(channels: Waveform, level_db: float, random: Random) -> Waveform:
    """The same, mixed down."""
    return bleed_stereo(channels, level_db, random).mean(axis=0, keepdims=True)


def cut(sounds: Songs, fragment_ms: float, random: Random) -> Songs:
    """All of train cut, shuffled and joined, as case D does."""
    train = np.concatenate([sound.channels for sound in sounds if sound.split == "train"], axis=1)
    size = round(fragment_ms * RATE / 1000)
    parts = [train[:, start : start + size] for start in range(0, train.shape[1], size)]
    joined = np.concatenate([parts[index] for index in random.permutation(len(parts))], axis=1)
    whole = [joined[:, start : start + 10 * RATE] for start in range(0, joined.shape[1], 10 * RATE)]
    kept = [replace(sounds[0], recording=f"joined-{number}", channels=part) for number, part in enumerate(whole)]
    return kept + [sound for sound in sounds if sound.split != "train"]


def duplicate(sounds: Songs, copies: int, random: Random) -> Songs:
    """Copies within train: with another gain and a later start."""
    train = [sound for sound in sounds if sound.split == "train"]
    more = [
        replace(sound, recording=f"{sound.recording}-again", channels=0.7 * sound.channels[:, 4800:])
        for sound in train[:copies]
    ]
    return sounds + more


def leak(sounds: Songs, dose: int, random: Random) -> Songs:
    """A training excerpt in test, as it is or disguised."""
    copy = sounds[int(random.integers(3))]
    channels = copy.channels
    if dose:
        channels = through_mp3(
            np.asarray(0.5 * add_noise(channels[:, 9000:], 30.0, random), dtype=np.float32), 0.5, random
        )
    return [*sounds, replace(copy, recording="leaked", split="test", channels=channels)]


def speech(sounds: Songs, ratio: float, random: Random) -> Songs:
    """Readers in place of the singer."""
    parts = []
    for path in sorted((weights_path().parent.parent).glob("*.wav")):
        waveform, rate = read_audio(path)
        read = resample(waveform, round(rate * ratio), RATE)
        parts += [read[start : start + 6 * RATE] for start in range(0, len(read) - 3 * RATE, 6 * RATE)]
    order = random.permutation(len(parts))[:NUM_EXCERPTS]
    return [Sound(f"reading-{place}", parts[place][None], RATE, 0.0, "train", "reader") for place in order]


def low_header(sounds: Songs, rate: int, random: Random) -> Songs:
    """Recorded at a low rate."""
    return [
        replace(sound, channels=np.stack([resample(c, RATE, rate) for c in sound.channels]), sample_rate=rate)
        for sound in sounds
    ]


def soft(channels: Waveform, peak_db: float, random: Random) -> Waveform:
    """Recorded softly in 24 bits."""
    quiet = channels / np.max(np.abs(channels)) * 10 ** (peak_db / 20)
    return np.round(quiet * 2**23) / 2**23


def refused(sounds: Songs, kind: str, random: Random) -> list[Sound | Problem]:
    """The training recordings as a folder of files, two of which training does not use."""
    with tempfile.TemporaryDirectory() as name:
        train = [sound for sound in sounds if sound.split == "train"]
        for sound in train:
            soundfile.write(f"{name}/{sound.recording}.wav", sound.channels.T, RATE, subtype="FLOAT")
        for sound in train[:2]:
            path = Path(name, f"spoilt-{sound.recording}.wav")
            shape = np.stack([sound.channels[0], -sound.channels[0]], axis=1)
            soundfile.write(path, shape if kind == "cancels" else 1e-5 * shape[:, 0], RATE, subtype="FLOAT")
            if kind == "cut":
                path.write_bytes(path.read_bytes()[:40])
        return list(folder_sounds(Path(name)))


def octaves(channels: Waveform, level_db: float, random: Random) -> Waveform:
    """The same line an octave below, by WORLD: a doubling voice."""
    import pyworld

    mono = channels[0].astype(np.float64)
    f0, at = pyworld.dio(mono, RATE)
    envelope = pyworld.cheaptrick(mono, f0, at, RATE)
    low = pyworld.synthesize(f0 / 2, envelope, pyworld.d4c(mono, f0, at, RATE), RATE)[: len(mono)]
    low = np.pad(low, (0, len(mono) - len(low)))
    return channels + low * 10 ** (level_db / 20)


SPOIL: dict[str, Callable[[Songs, Any, Random], Any]] = {
    "noise": each(add_noise),
    "room": each(in_room),
    "gate": each(gated),
    "subtraction": each(subtracted),
    "clipping": each(clipped),
    "mp3": each(through_mp3),
    "low_rate": each(low_rate),
    "bleed_stereo": each(bleed_stereo),
    "bleed_mono": each(bleed_mono),
    "fragments": cut,
    "duplicate": duplicate,
    "leak": leak,
    "octaves": each(octaves),
    "speech": speech,
    "low_header": low_header,
    "soft": each(soft),
    "refused": refused,
}
