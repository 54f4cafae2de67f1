"""Training of the linear baseline: one pass over the frames, then one system of equations."""

from typing import cast

from torch import nn

from duetto.architectures.linear.config import LinearConfig
from duetto.architectures.linear.renderer import SingingLinear, build_linear
from duetto.architectures.vocoder.find import vocoder_digest
from duetto.architectures.vocoder.load import load_vocoder_into
from duetto.data.dataset import CropPlan
from duetto.settings.config import FeaturesConfig
from duetto.training.linear_fit import fit_linear
from duetto.training.module import TrainingModule


class LinearModule(TrainingModule):
    """The acoustic model, and the vocoder that turns its mels into sound; it has no optimiser."""

    def __init__(self, model: LinearConfig, features: FeaturesConfig, seed: int) -> None:
        super().__init__(model, features, seed)
        self.config = model
        self.network = build_linear(model, features)
        load_vocoder_into(self.network.vocoder, model.vocoder, features)
        self.network.vocoder.requires_grad_(False)

    def exported_network(self) -> SingingLinear:
        """Acoustic model and vocoder."""
        return self.network

    def acquired(self, network: nn.Module) -> nn.Module:
        """The map that all voices share; mean and spread are the voice's own, and the vocoder is a setting."""
        return cast(SingingLinear, network).acoustic.shared

    def learn_statistics(self, plan: CropPlan) -> str:
        """Measure mean and spread of each speaker's mel, and solve for the map unless pretrained weights hold it."""
        keeps_map = self.start.from_base
        return fit_linear(self.network.acoustic, plan, self.features, self.config.ridge, keeps_map)


def vocoder_digests(model: LinearConfig, features: FeaturesConfig) -> dict[str, str]:
    """The vocoder's part of a run's signature: its weights."""
    return {"vocoder": vocoder_digest(model.vocoder, features)}
