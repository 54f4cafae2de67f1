"""Which module trains which architecture."""

from collections.abc import Callable
from typing import Any

from duetto.architectures.diffsvc.training import DiffSVCModule
from duetto.architectures.rvc.training import RVCModule
from duetto.architectures.vocoder.training import VocoderModule
from duetto.settings.config import FeaturesConfig
from duetto.settings.model_config import ModelConfig
from duetto.training.module import TrainingModule
from duetto.voices.pretrained import choose_base, load_base

MODULES: dict[str, Callable[[Any, FeaturesConfig, int], TrainingModule]] = {
    "rvc": RVCModule,
    "diffsvc": DiffSVCModule,
    "vocoder": VocoderModule,
}


def make_module(model: ModelConfig, features: FeaturesConfig, seed: int) -> TrainingModule:
    """An untrained module of the configured architecture, or one that starts from the configured base.

    Raises:
        CheckpointError: If the base cannot be read or does not fit.
    """
    module = MODULES[model.name](model, features, seed)
    base = choose_base(model, features)
    if base is not None:
        load_base(module, base)
    module.start_average()
    return module
