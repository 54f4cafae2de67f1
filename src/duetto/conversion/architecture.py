"""What differs between architectures when a voice is built and sings; everything else takes any of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from duetto.config import FeaturesConfig
from duetto.conversion.converter import Converter
from duetto.conversion.retrieval import RetrievalIndex
from duetto.conversion.rvc import RVCConverter, build_rvc
from duetto.conversion.vocoder import VocoderConverter, build_vocoder
from duetto.errors import ConfigError
from duetto.features.content import ContentEncoder
from duetto.features.f0 import F0Extractor


@dataclass(frozen=True)
class Tools:
    """What a converter needs besides its network."""

    encoder: ContentEncoder
    f0_extractor: F0Extractor
    index: RetrievalIndex | None  # None = no retrieval


@dataclass(frozen=True)
class Architecture:
    """How one architecture's network and converter are made; the first argument is its own config class."""

    build_network: Callable[[Any, FeaturesConfig], nn.Module]  # untrained
    build_converter: Callable[[Any, Any, FeaturesConfig, Tools], Converter]  # network, model, features, tools


def _rvc_converter(network: Any, model: Any, features: FeaturesConfig, tools: Tools) -> Converter:
    return RVCConverter(network, features, tools.encoder, tools.f0_extractor, tools.index, model.noise_scale)


def _vocoder_converter(network: Any, model: Any, features: FeaturesConfig, tools: Tools) -> Converter:
    return VocoderConverter(network, features, tools.f0_extractor)


ARCHITECTURES: dict[str, Architecture] = {
    "rvc": Architecture(build_rvc, _rvc_converter),
    "vocoder": Architecture(build_vocoder, _vocoder_converter),
}


def get_architecture(name: str) -> Architecture:
    """The architecture that `model.name` names.

    Raises:
        ConfigError: If there is none.
    """
    if name not in ARCHITECTURES:
        raise ConfigError(f"model.name={name}: voices are of {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[name]
