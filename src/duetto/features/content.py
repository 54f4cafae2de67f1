"""Content encoders: what is sung, with little of who sings it.

Conventions: frames (Tc, D) float32 with the times of their centres (Tc,) in seconds, equally spaced
on the encoder's own grid; `duetto.features.extract` interpolates them to the feature grid.
"""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from duetto.errors import ConfigError
from duetto.features import hubert_variants, moonshine
from duetto.settings.config import ContentConfig
from duetto.storage.audio import Waveform

MOONSHINE = "moonshine"
ENCODERS = (MOONSHINE, hubert_variants.CONTENTVEC, hubert_variants.HUBERT_SOFT)


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
        ConfigError: If there is no such encoder or layer, its width is not `config.dimension`, or no weights are named.
        CheckpointError: If the weights file is damaged, hostile or of another shape.
    """
    _require_known(config)
    if config.encoder == MOONSHINE:
        _require_width(config, moonshine.DIMENSION)
        return moonshine.MoonshineEncoder(layers=(config.layer,))
    variant, weights = _variant_and_weights(config)
    _require_width(config, variant.dimension)
    from duetto.features.hubert import HubertEncoder  # here, so that processes without it need not load PyTorch

    return HubertEncoder(weights, variant)


def encoder_fingerprint(config: ContentConfig) -> str:
    """What identifies the encoder's numbers (weights, layer and normalisation), without loading it.

    Raises:
        ConfigError: If there is no such encoder or layer, or no weights are named.
    """
    _require_known(config)
    if config.encoder == MOONSHINE:
        return f"moonshine:{moonshine.WEIGHTS_SHA256}:{moonshine.NORMALISATION}"
    return hubert_variants.fingerprint(*_variant_and_weights(config))


def check_content_width(model_dimension: int, encoder_dimension: int, name: str) -> None:
    """Refuse to feed a model with content of another width than it was trained on.

    Args:
        model_dimension: Width that the model expects, D.
        encoder_dimension: Width that the encoder gives.
        name: The encoder's.

    Raises:
        ConfigError: If they differ; names the encoders of the wanted width.
    """
    if model_dimension == encoder_dimension:
        return
    fitting = [f"{v.name} at layer {v.layer}" for v in hubert_variants.VARIANTS if v.dimension == model_dimension]
    fitting += [MOONSHINE] * (model_dimension == moonshine.DIMENSION)
    advice = f"Set features.content to {' or '.join(fitting)}" if fitting else "No encoder here gives that width"
    raise ConfigError(
        f"The model was trained on content {model_dimension} wide, but the encoder {name} gives {encoder_dimension}. "
        f"{advice}; the encoder must be the one of the training."
    )


def _require_known(config: ContentConfig) -> None:
    if config.encoder not in ENCODERS:
        known = f"{', '.join(ENCODERS[:-1])} or {ENCODERS[-1]}"
        raise ConfigError(f"features.content.encoder={config.encoder}: expected {known}.")


def _require_width(config: ContentConfig, dimension: int) -> None:
    if config.dimension != dimension:
        raise ConfigError(
            f"features.content.dimension={config.dimension}, but {config.encoder} at layer {config.layer} gives "
            f"{dimension}."
        )


def _variant_and_weights(config: ContentConfig) -> tuple[hubert_variants.Variant, Path]:
    variant = hubert_variants.find_variant(config.encoder, config.layer)
    return variant, hubert_variants.require_weights(config.encoder, config.path)
