"""The interface of pitch trackers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duetto.storage.audio import Waveform

Contour = tuple[NDArray[np.float64], NDArray[np.float64]]  # times s, f0 Hz (0.0 = unvoiced); equally spaced
Track = Callable[[Waveform, int], Contour]  # waveform (S,), its rate Hz


@dataclass(frozen=True)
class PitchTracker:
    """One entry of the registry. Listing it loads nothing: what is heavy is imported by `open`."""

    name: str  # as in features.f0.method
    open: Callable[[float, float], Track]  # lowest and highest pitch, Hz -> a function that tracks
    packages: tuple[str, ...]  # distributions that compute the contour: another version may give other numbers
