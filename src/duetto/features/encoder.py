"""The interface of content encoders.

Conventions: content frames (Tc, D) float32 with the times of their centres (Tc,) in seconds, equally spaced
on the encoder's own grid; `duetto.features.extract` interpolates them to the feature grid.
"""

import importlib.resources
import json
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


def layer_statistics(encoder: str, layer: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation (D,) of a layer's values over the speech that comes with moonshine-voice.

    The residual stream of a transformer has a few dimensions with constant offsets twenty times the spread of the
    others; they would fill a frame's norm. `benchmarks/content_layers.py --write-statistics` computes these numbers.

    Args:
        encoder: moonshine or whisper.
        layer: Counted from 0.
    """
    text = importlib.resources.files("duetto.features").joinpath(f"{encoder}_statistics.json").read_text("utf-8")
    statistics = json.loads(text)[str(layer)]
    return np.array(statistics["mean"], dtype=np.float32), np.array(statistics["std"], dtype=np.float32)
