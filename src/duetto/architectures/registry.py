"""What differs between architectures when a voice is built and sings; everything else takes any of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from duetto.architectures.diffsvc.renderer import DiffSVCRenderer, build_diffsvc
from duetto.architectures.rvc.renderer import RVCRenderer, build_rvc
from duetto.architectures.vocoder.loading import VocoderRenderer, build_vocoder
from duetto.conversion.converter import Renderer
from duetto.errors import ConfigError
from duetto.settings.config import FeaturesConfig


@dataclass(frozen=True)
class Architecture:
    """How one architecture's network and renderer are made; `model` is its own config class."""

    build_network: Callable[[Any, FeaturesConfig], nn.Module]  # model, features -> untrained
    build_renderer: Callable[[Any, Any, FeaturesConfig], Renderer]  # network, model, features


def _rvc_renderer(network: Any, model: Any, features: FeaturesConfig) -> Renderer:
    return RVCRenderer(network, features, model.noise_scale)


def _diffsvc_renderer(network: Any, model: Any, features: FeaturesConfig) -> Renderer:
    return DiffSVCRenderer(network, model, features)


def _vocoder_renderer(network: Any, _: Any, features: FeaturesConfig) -> Renderer:
    return VocoderRenderer(network, features)


ARCHITECTURES: dict[str, Architecture] = {
    "rvc": Architecture(build_rvc, _rvc_renderer),
    "diffsvc": Architecture(build_diffsvc, _diffsvc_renderer),
    "vocoder": Architecture(build_vocoder, _vocoder_renderer),
}


def get_architecture(name: str) -> Architecture:
    """The architecture that `model.name` names.

    Raises:
        ConfigError: If there is none.
    """
    if name not in ARCHITECTURES:
        raise ConfigError(f"model.name={name}: voices are of {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[name]
