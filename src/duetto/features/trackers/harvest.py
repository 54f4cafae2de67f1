"""WORLD's harvest: slow, but it rarely misses voiced frames.

It works at 8 kHz, to which it decimates by a whole number: at 44.1 or 22.05 kHz it ends at 7.35 kHz and misses nearly
steady notes above about 650 Hz whole. Such recordings are resampled to 24 kHz first.

Reference: Morise, "Harvest", Interspeech 2017.
"""

import numpy as np
from numpy.typing import NDArray

from duetto.features.trackers.chunked import WORLD_PERIOD_S, in_chunks
from duetto.features.trackers.tracker import Contour, PitchTracker, Track
from duetto.settings.config import F0Config
from duetto.storage.audio import Waveform, resample
from duetto.world import import_world

INNER_HZ = 8000  # the rate at which harvest works
SAFE_RATE = 24_000


def _open(config: F0Config) -> Track:
    pyworld = import_world()

    def track(samples: NDArray[np.float64], sample_rate: int) -> Contour:
        f0_hz, times_s = pyworld.harvest(samples, sample_rate, config.min_hz, config.max_hz, WORLD_PERIOD_S * 1000)
        return times_s, f0_hz

    in_pieces = in_chunks(track, WORLD_PERIOD_S)

    def at_safe_rate(waveform: Waveform, sample_rate: int) -> Contour:
        if sample_rate % INNER_HZ == 0:
            return in_pieces(waveform, sample_rate)
        return in_pieces(resample(waveform, sample_rate, SAFE_RATE), SAFE_RATE)

    return at_safe_rate


TRACKER = PitchTracker("harvest", _open, packages=("pyworld",))
