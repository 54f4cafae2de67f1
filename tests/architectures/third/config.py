"""The schema of `model=third`."""

from dataclasses import dataclass, field

from duetto.settings.config import MISSING
from duetto.settings.kinds import PATH
from duetto.settings.model_config import ModelConfig


@dataclass
class ThirdConfig(ModelConfig):
    """A straight line from content and pitch to the mel."""

    n_mels: int = MISSING
    vocoder: str = field(default="auto", metadata=PATH)
