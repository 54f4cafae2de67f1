"""Training of the line: the mean distance of mels."""

import torch
from torch import Tensor

from duetto.architectures.vocoder.find import vocoder_digest
from duetto.architectures.vocoder.load import load_vocoder_into
from duetto.data.batch import Batch
from duetto.features.mel import waveform_to_mel
from duetto.settings.config import FeaturesConfig
from duetto.training.module import TrainingModule, make_optimizer
from tests.architectures.third.config import ThirdConfig
from tests.architectures.third.network import Third, build_third


class ThirdModule(TrainingModule):
    """The line with its optimiser."""

    loss_names = ("mel",)
    network_names = ("line",)

    def __init__(self, model: ThirdConfig, features: FeaturesConfig, seed: int) -> None:
        super().__init__(model, features, seed)
        self.network = build_third(model, features)
        load_vocoder_into(self.network.vocoder, model.vocoder, features)
        self.network.vocoder.requires_grad_(False)

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """AdamW for the line."""
        return [make_optimizer(self.network.line, self.model_config.optimizer)]

    def exported_network(self) -> Third:
        """Line and vocoder."""
        return self.network

    def train_on(self, batch: Batch) -> dict[str, Tensor]:
        """One step."""
        (optimizer,) = self.optimiser_list()
        wanted = waveform_to_mel(batch.waveform, self.features)
        loss = (self.network.mel(batch.content, batch.f0_hz) - wanted).abs().mean()
        self.optimise(optimizer, loss, batch)
        return {"mel": loss.detach()}


def vocoder_digests(model: ThirdConfig, features: FeaturesConfig) -> dict[str, str]:
    """The vocoder is part of what a voice sounds like."""
    return {"vocoder": vocoder_digest(model.vocoder, features)}
