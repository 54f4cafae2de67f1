"""Sounds in seconds: a synthetic voice that sings a melody, and what may happen to a file."""

import io

import numpy as np
import soundfile
from scipy.signal import lfilter

RATE = 24_000


def sung(seconds: float = 5.0, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """A gliding harmonic voice with formants, vibrato and breath, (S,) float32, peak about 0.3."""
    rng, time_s = np.random.default_rng(seed), np.arange(round(seconds * rate)) / rate
    notes = 200 * 2 ** (np.repeat(rng.integers(0, 12, int(seconds / 0.5) + 1), int(0.5 * rate))[: len(time_s)] / 12)
    f0_hz = lfilter([0.001], [1, -0.999], notes - 200) + 200 + 4 * np.sin(2 * np.pi * 5.5 * time_s)
    phase = 2 * np.pi * np.cumsum(f0_hz) / rate
    harmonics = [np.sin(k * phase) / k for k in range(1, 30) if k * 430 < rate / 2]
    breath = 0.02 * rng.standard_normal(len(time_s))
    voice = np.sum(harmonics, axis=0) + breath
    for centre_hz, width_hz in ((600, 90), (1200, 120), (2700, 200), (3500, 250)):
        pole = np.exp(-np.pi * width_hz / rate + 2j * np.pi * centre_hz / rate)
        voice = voice + 0.5 * lfilter([1 - abs(pole)], [1, -2 * pole.real, abs(pole) ** 2], voice)
    return np.asarray(0.3 * voice / np.abs(voice).max(), np.float32)


def through_vorbis(waveform: np.ndarray, rate: int) -> np.ndarray:
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, rate, format="OGG", subtype="VORBIS")
    buffer.seek(0)
    return soundfile.read(buffer, dtype="float32")[0]
