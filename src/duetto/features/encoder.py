"""The interface of content encoders.

Conventions: content frames (Tc, D) float32 with the times of their centres (Tc,) in seconds, equally spaced
on the encoder's own grid; `duetto.features.extract` interpolates them to the feature grid.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from duetto.settings.config import ContentConfig
from duetto.storage.audio import Waveform


class ContentEncoder(Protocol):
    """Turns a waveform into content frames."""

    name: str
    dimension: int

    def encode(
        self, waveform: Waveform, sample_rate: int, layer: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Frames (Tc, D) of one layer and the times of their centres (Tc,), s.

        Raises:
            AudioError: If the waveform (S,) is empty or holds NaN or infinite samples.
            ConfigError: If the encoder was not built for that layer.
        """


@dataclass(frozen=True)
class EncoderKind:
    """One entry of the registry. Listing it loads nothing; its functions raise ConfigError for a layer it lacks."""

    name: str  # as in features.content.encoder
    widths: tuple[tuple[int | None, int], ...]  # (layer, D) of what can be read; layer None = any of them
    reads_file: bool  # its weights are a file that features.content.path names; else they come inside a package
    packages: tuple[str, ...]  # distributions that compute the frames: another version may give other numbers
    width: Callable[[ContentConfig], int]  # D at the layer asked for
    open: Callable[[ContentConfig], ContentEncoder]  # loads the weights
    weights_digest: Callable[[ContentConfig], str]  # SHA-256 of the weights, without loading them
    unit_times_s: tuple[float, float] | None = None  # centre of the first frame, and from frame to frame; None = varies
