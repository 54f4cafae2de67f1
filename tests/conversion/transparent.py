"""A converter that changes nothing, so that time, length and level can be checked on recordings of any length."""

import numpy as np

from duetto.conversion.converter import Converter, Tools
from duetto.settings.config import FeaturesConfig

RATE, HOP = 24_000, 240


class TransparentRenderer:
    """Gives back the waveform that its frames were made from, times a gain."""

    uses_f0 = True
    reads_content = True

    def __init__(self, gain=1.0):
        self.gain = gain
        self.frames = []

    def render(self, frames, speaker_id, generator):
        self.frames.append(frames)
        return frames.waveform * np.float32(self.gain)

    def copy_synthesise(self, frames, speaker_id, generator):
        return frames.waveform


class CountingEncoder:
    """One number for each 20 ms."""

    name, dimension = "counting", 1

    def encode(self, waveform, sample_rate, layer):
        count = len(waveform) * 50 // sample_rate + 1
        return np.arange(count, dtype=np.float32)[:, None], (np.arange(count) + 0.5) * 0.02


class SteadyPitch:
    """The same pitch everywhere; 0.0 = unvoiced."""

    def __init__(self, f0_hz=0.0):
        self.f0_hz = f0_hz

    def extract_at(self, waveform, sample_rate, at_s):
        return np.full(len(at_s), self.f0_hz, np.float32)


def transparent_converter(gain=1.0, f0_hz=0.0, index=None):
    renderer = TransparentRenderer(gain)
    return Converter(renderer, FeaturesConfig(RATE, HOP, 1024, 80), Tools(CountingEncoder(), SteadyPitch(f0_hz), index))
