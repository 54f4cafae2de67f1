"""Sounds with known properties, and a tracker that knows their pitch."""

from dataclasses import dataclass

import numpy as np

from duetto.diagnosis.sound import Heard, Sound
from duetto.features.f0 import F0Extractor

RATE = 48_000


@dataclass(frozen=True)
class NoTracker(F0Extractor):
    """For sounds whose pitch is given."""

    track: object = None

    def extract(self, waveform, sample_rate, hop_length, num_frames):
        raise AssertionError("the pitch was given")


def heard(waveform, f0_hz=None, rate=RATE, split="train", recording="take.wav", singer=""):
    """A sound with a given pitch; without one nothing is voiced."""
    channels = np.atleast_2d(np.asarray(waveform, dtype=np.float32))
    frames = -(-channels.shape[1] // max(1, round(0.01 * rate)))
    f0_hz = np.zeros(frames) if f0_hz is None else np.resize(np.asarray(f0_hz, dtype=np.float64), frames)
    sound = Sound(recording, channels, rate, 0.0, split, singer)
    return Heard(sound, NoTracker(), f0_hz.astype(np.float32))


def tone(seconds, hz=220.0, level=0.3, rate=RATE, harmonics=20):
    """A sung-like tone: harmonics that fall by 1 / k."""
    time = np.arange(round(seconds * rate)) / rate
    count = min(harmonics, int(0.45 * rate / hz))
    return level * sum(np.sin(2 * np.pi * hz * k * time + k * k) / k for k in range(1, count + 1)) / 1.5


def noise(seconds, level, seed=0, rate=RATE):
    """White noise of an RMS level."""
    return level * np.random.default_rng(seed).standard_normal(round(seconds * rate))


def phrases(count, sung_s=1.0, pause_s=0.6, floor=1e-3, fade_s=0.03, **kind):
    """Tones with pauses over a noise floor, and the pitch contour of them: (waveform, f0_hz)."""
    parts, contour = [], []
    for _ in range(count):
        sung = tone(sung_s, **kind)
        fade = round(fade_s * RATE)
        sung[-fade:] *= np.linspace(1, 0, fade)
        parts += [sung, np.zeros(round(pause_s * RATE))]
        contour += [kind.get("hz", 220.0)] * round(sung_s * 100) + [0.0] * round(pause_s * 100)
    waveform = np.concatenate(parts)
    return waveform + noise(len(waveform) / RATE, floor), np.array(contour)
