"""WORLD's DIO, refined by StoneMask: the fastest of the trackers.

References: Morise et al., 2009 (DIO) and 2010 (StoneMask).
"""

import numpy as np
from numpy.typing import NDArray

from duetto.features.trackers.chunked import WORLD_PERIOD_S, in_chunks
from duetto.features.trackers.tracker import Contour, PitchTracker, Track
from duetto.settings.config import F0Config
from duetto.world import import_world


def _open(config: F0Config) -> Track:
    pyworld = import_world()

    def track(samples: NDArray[np.float64], sample_rate: int) -> Contour:
        coarse_hz, times_s = pyworld.dio(samples, sample_rate, config.min_hz, config.max_hz, WORLD_PERIOD_S * 1000)
        return times_s, pyworld.stonemask(samples, coarse_hz, times_s, sample_rate)

    return in_chunks(track, WORLD_PERIOD_S)


TRACKER = PitchTracker("dio", _open, packages=("pyworld",))
