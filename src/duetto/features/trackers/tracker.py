"""The interface of pitch trackers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from duetto.settings.config import F0Config
from duetto.storage.audio import Waveform

Contour = tuple[NDArray[np.float64], NDArray[np.float64]]  # times s, f0 Hz (0.0 = unvoiced); equally spaced
Track = Callable[[Waveform, int], Contour]  # waveform (S,), its rate Hz


@dataclass(frozen=True)
class PitchTracker:
    """One entry of the registry. Listing it loads nothing: what is heavy is imported by `open`."""

    name: str  # as in features.f0.method
    open: Callable[[F0Config], Track]  # loads the tracker for the pitch limits of the settings
    packages: tuple[str, ...]  # distributions that compute the contour: another version may give other numbers
    extra: str | None = None  # of pyproject.toml, by which its packages are installed; None = always there
    module: str | None = None  # what an extra brings, as it is imported
    # the weights file; ConfigError if there is none. None = its weights come inside a package, or it has none
    find_weights: Callable[[F0Config], Path] | None = None
