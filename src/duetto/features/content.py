"""Content encoders: what is sung, with little of who sings it.

Conventions: frames (Tc, D) float32 with the times of their centres (Tc,) in seconds, equally spaced
on the encoder's own grid; `duetto.features.extract` interpolates them to the feature grid.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from duetto.audio import Waveform
from duetto.config import ContentConfig
from duetto.errors import ConfigError
from duetto.features import moonshine


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


def build_encoder(config: ContentConfig) -> ContentEncoder:
    """Load the encoder that the configuration names.

    Raises:
        ConfigError: If there is no such encoder, its width is not `config.dimension`, or its weights are missing.
    """
    _require_known(config)
    encoder = moonshine.MoonshineEncoder(layers=(config.layer,))
    if encoder.dimension != config.dimension:
        raise ConfigError(
            f"features.content.dimension={config.dimension}, but {config.encoder} gives {encoder.dimension}."
        )
    return encoder


def encoder_fingerprint(config: ContentConfig) -> str:
    """What identifies the encoder's numbers (weights and normalisation), without loading it.

    Raises:
        ConfigError: If there is no such encoder.
    """
    _require_known(config)
    return f"moonshine:{moonshine.WEIGHTS_SHA256}:{moonshine.NORMALISATION}"


def _require_known(config: ContentConfig) -> None:
    if config.encoder != "moonshine":
        raise ConfigError(f"features.content.encoder={config.encoder}: expected moonshine.")
