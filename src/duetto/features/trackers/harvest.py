"""WORLD's harvest: slow, but it rarely misses voiced frames.

Reference: Morise, "Harvest", Interspeech 2017.
"""

import numpy as np
from numpy.typing import NDArray

from duetto.features.trackers.tracker import Contour, PitchTracker, Track
from duetto.features.trackers.world import PERIOD_S, in_chunks
from duetto.world import import_world


def _open(min_hz: float, max_hz: float) -> Track:
    pyworld = import_world()

    def track(samples: NDArray[np.float64], sample_rate: int) -> Contour:
        f0_hz, times_s = pyworld.harvest(samples, sample_rate, min_hz, max_hz, PERIOD_S * 1000)
        return times_s, f0_hz

    return in_chunks(track)


TRACKER = PitchTracker("harvest", _open, packages=("pyworld",))
