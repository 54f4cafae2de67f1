"""Which module trains which architecture."""

from collections.abc import Callable
from typing import Any

from duetto.config import FeaturesConfig
from duetto.model_config import ModelConfig
from duetto.training.diffsvc_module import DiffSVCModule
from duetto.training.module import TrainingModule
from duetto.training.rvc_module import RVCModule
from duetto.training.vocoder_module import VocoderModule

MODULES: dict[str, Callable[[Any, FeaturesConfig, int], TrainingModule]] = {
    "rvc": RVCModule,
    "diffsvc": DiffSVCModule,
    "vocoder": VocoderModule,
}


def make_module(model: ModelConfig, features: FeaturesConfig, seed: int) -> TrainingModule:
    """An untrained module of the configured architecture."""
    return MODULES[model.name](model, features, seed)
