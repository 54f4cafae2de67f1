"""Adversarial training for RVC and the vocoder: one step of discriminator and generator per batch.

Order as upstream: the discriminator on (real, generated.detach()), its step, then the generator on fresh scores.
"""

from typing import Any

import torch
from torch import Tensor

from duetto.data.batch import Batch
from duetto.layers.discriminators import MultiPeriodDiscriminator
from duetto.layers.gan_losses import adversarial_loss, discriminator_loss, feature_matching_loss
from duetto.layers.generator import Generator
from duetto.layers.phase_balance import balance_upsampling
from duetto.settings.config import FeaturesConfig
from duetto.settings.model_config import DiscriminatorConfig, LossConfig, ModelConfig
from duetto.training.module import TrainingModule


class AdversarialModule(TrainingModule):
    """Base class of modules with a discriminator; a subclass builds its generator, then calls `add_discriminator`."""

    discriminator: MultiPeriodDiscriminator
    unweighted_losses: tuple[str, ...] = ()  # of those that need no discriminator, that have no weight in the settings

    def __init__(self, model: ModelConfig, features: FeaturesConfig, seed: int, loss: LossConfig) -> None:
        super().__init__(model, features, seed)
        self.weights = loss

    def add_discriminator(self, config: DiscriminatorConfig) -> None:
        """Build the discriminator. Call this after building the generator: the order decides the random weights."""
        self.discriminator = MultiPeriodDiscriminator(config.periods, config.width)

    def _weight_of(self, loss: str) -> float:
        return 1.0 if loss in self.unweighted_losses else float(getattr(self.weights, loss))

    def is_adversarial(self) -> bool:
        """Whether this step uses the discriminator: always if it is pretrained, else from the configured step on."""
        return self.start.has_discriminator or self.step >= self.weights.adversarial_from_step

    def balanced_generator(self) -> Generator | None:
        """The generator whose upsampling is balanced after each step, if the settings ask for it."""
        return None

    def discriminator_step(self, optimizer: Any, real: Tensor, generated: Tensor, batch: Batch) -> Tensor:
        """One step of the discriminator on waveforms (B, 1, S); returns its loss."""
        scores, _ = self.discriminator(torch.cat([real, generated]))  # one batch, so that weights are read only once
        real_scores, generated_scores = zip(*(each.chunk(2) for each in scores), strict=True)
        with self.step_precision.float32():
            loss = self.shared("discriminator", discriminator_loss(real_scores, generated_scores), batch)
        self.optimise(optimizer, loss, batch)
        return loss.detach()

    def generator_step(
        self, optimizer: Any, real: Tensor, generated: Tensor, own: dict[str, Tensor], batch: Batch, adversarial: bool
    ) -> dict[str, Tensor]:
        """One step of the generator.

        Args:
            optimizer: The generator's.
            real: Waveforms, (B, 1, S).
            generated: Waveforms with gradients, (B, 1, S).
            own: The losses that need no discriminator, by name, of the examples here.
            batch: The batch they come from.
            adversarial: Whether the losses of the discriminator are included.

        Returns:
            Every loss by name, unweighted.
        """
        parts = dict(own)
        self.discriminator.requires_grad_(False)  # its gradients would be thrown away
        if adversarial:
            with torch.no_grad():
                _, real_maps = self.discriminator(real)
            scores, maps = self.discriminator(generated)
            with self.step_precision.float32():
                parts["adversarial"] = adversarial_loss(scores)
                parts["feature_matching"] = feature_matching_loss(real_maps, maps)
        parts = {name: self.shared(name, value, batch) for name, value in parts.items()}
        weighted = (self._weight_of(name) * value for name, value in parts.items())
        self.optimise(optimizer, sum(weighted, torch.zeros((), device=real.device)), batch)
        self.discriminator.requires_grad_(True)
        if (generator := self.balanced_generator()) is not None:
            balance_upsampling(generator)
        return {name: value.detach() for name, value in parts.items()}
