"""Training RVC: one discriminator step and one generator step a batch, by hand.

Order and losses follow upstream (rvc: discriminator on (real, generated.detach()), its step, then
the generator on fresh discriminator outputs): LSGAN, feature matching, mel L1, KL. Every draw of a
step comes from (seed, step), so a resumed run repeats nothing and skips nothing.

Deviation 2 (docs/deviations.md): both mels of the mel loss are taken from the segment's waveform;
upstream slices the recording's from the mel of the whole clip, whose edges saw other samples.
"""

import math
from dataclasses import dataclass
from typing import Any, cast

import pytorch_lightning as pl
import torch
from torch import Tensor

from duetto.config import FeaturesConfig, ModelConfig, OptimizerConfig
from duetto.conversion.voice import build_synthesizer
from duetto.data.batch import Batch
from duetto.errors import DuettoError
from duetto.features.spectrogram import linear_spectrogram, log_mel, mel_filterbank, mel_from_linear
from duetto.models.layers.masks import slice_segments
from duetto.models.rvc.discriminator import MultiPeriodDiscriminator
from duetto.models.rvc.losses import adversarial_loss, discriminator_loss, feature_matching_loss, kl_loss, mel_loss
from duetto.models.rvc.synthesizer import TrainingOutput

SEED_STRIDE = 1_000_003  # keeps the step seeds of different run seeds apart


@dataclass(frozen=True)
class StepLosses:
    """True, unclamped losses of one step, the generator's before their weights; NaN while not in use."""

    mel: float
    kl: float
    discriminator: float = math.nan
    adversarial: float = math.nan
    feature_matching: float = math.nan

    def as_dict(self) -> dict[str, float]:
        """Column name -> value."""
        return {f"loss_{name}": value for name, value in vars(self).items()}


class RVCModule(pl.LightningModule):
    """Generator and discriminator with their two optimisers."""

    def __init__(self, model: ModelConfig, features: FeaturesConfig, seed: int) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.model_config = model
        self.features = features
        self.seed = seed
        self.step = 0  # finished steps
        self.seconds = 0.0  # training time used, see callbacks.Clock
        self.losses: StepLosses | None = None
        torch.manual_seed(seed)
        self.synthesizer = build_synthesizer(model, features)
        self.discriminator = MultiPeriodDiscriminator(model.discriminator.periods, model.discriminator.width)
        top_hz = features.mel_max_hz or features.sample_rate / 2
        filterbank = mel_filterbank(features.sample_rate, features.n_fft, features.n_mels, features.mel_min_hz, top_hz)
        self.register_buffer("mel_filters", filterbank, persistent=False)

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """AdamW for generator and discriminator."""
        return [
            make_optimizer(self.synthesizer, self.model_config.optimizer),
            make_optimizer(self.discriminator, self.model_config.optimizer),
        ]

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Move our frozen batch; Lightning cannot copy one."""
        return batch.to(device)

    def training_step(self, batch: Batch, batch_index: int) -> None:
        """One step of both networks.

        Raises:
            DuettoError: When a loss is not finite; names step and clips, and leaves the last checkpoint intact.
        """
        torch.manual_seed(self.seed * SEED_STRIDE + self.step)
        optimizer_g, optimizer_d = cast(list[Any], self.optimizers())
        self._set_learning_rate([optimizer_g, optimizer_d])
        generated, real = self._generate(batch)
        parts: dict[str, Tensor] = {}
        is_adversarial = self.step >= self.model_config.loss.adversarial_from_step
        if is_adversarial:
            parts["discriminator"] = self._discriminator_step(optimizer_d, real, generated.waveform.detach(), batch)
        parts.update(self._generator_step(optimizer_g, real, generated, batch, is_adversarial))
        if self.step % self.log_interval == 0:
            self.losses = StepLosses(**{name: float(value) for name, value in parts.items()})
        self.step += 1

    log_interval = 10

    def _generate(self, batch: Batch) -> tuple[TrainingOutput, Tensor]:
        spectrogram = linear_spectrogram(batch.waveform, self.features.n_fft, self.features.hop_length)
        uses_f0 = self.model_config.uses_f0
        generated = self.synthesizer(
            content=batch.content,
            f0_hz=batch.f0_hz if uses_f0 else None,
            pitch_coarse=batch.pitch_coarse if uses_f0 else None,
            spectrogram=spectrogram,
            lengths=batch.lengths,
            speaker_id=batch.speaker_id,
        )
        hop = self.features.hop_length
        start, size = generated.segment_start * hop, self.model_config.segment_frames * hop
        return generated, slice_segments(batch.waveform[:, None], start, size)

    def _discriminator_step(self, optimizer: Any, real: Tensor, generated: Tensor, batch: Batch) -> Tensor:
        real_scores, _ = self.discriminator(real)
        generated_scores, _ = self.discriminator(generated)
        loss = discriminator_loss(real_scores, generated_scores)
        self._optimise(optimizer, loss, batch)
        return loss.detach()

    def _generator_step(
        self, optimizer: Any, real: Tensor, generated: TrainingOutput, batch: Batch, is_adversarial: bool
    ) -> dict[str, Tensor]:
        weights = self.model_config.loss
        parts = {
            "mel": mel_loss(self._log_mel(real), self._log_mel(generated.waveform)),
            "kl": kl_loss(
                generated.z_p,
                generated.posterior_log_std,
                generated.prior_mean,
                generated.prior_log_std,
                generated.mask,
            ),
        }
        self.discriminator.requires_grad_(False)
        if is_adversarial:
            with torch.no_grad():
                _, real_maps = self.discriminator(real)
            scores, maps = self.discriminator(generated.waveform)
            parts["adversarial"] = adversarial_loss(scores)
            parts["feature_matching"] = feature_matching_loss(real_maps, maps)
        total = sum(
            (getattr(weights, name) * value for name, value in parts.items()), torch.zeros((), device=real.device)
        )
        self._optimise(optimizer, total, batch)
        self.discriminator.requires_grad_(True)
        return {name: value.detach() for name, value in parts.items()}

    def _optimise(self, optimizer: Any, loss: Tensor, batch: Batch) -> None:
        if not torch.isfinite(loss):
            raise DuettoError(
                f"The loss became {float(loss)} at step {self.step}, on clips {', '.join(batch.clip_ids)}. "
                "Nothing after the last checkpoint was kept. Listen to these clips; then lower the learning rate."
            )
        optimizer.zero_grad(set_to_none=True)
        self.manual_backward(loss)
        optimizer.step()

    def _log_mel(self, waveform: Tensor) -> Tensor:
        spectrogram = linear_spectrogram(waveform[:, 0].float(), self.features.n_fft, self.features.hop_length)
        return log_mel(mel_from_linear(spectrogram, cast(Tensor, self.mel_filters)))

    def _set_learning_rate(self, optimizers: list[Any]) -> None:
        config = self.model_config.optimizer
        rate = config.learning_rate * config.decay_per_1000_steps ** (self.step / 1000)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store how far the run is."""
        checkpoint["progress"] = {"step": self.step, "seconds": self.seconds}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up where the checkpoint was written."""
        self.step = int(checkpoint["progress"]["step"])
        self.seconds = float(checkpoint["progress"]["seconds"])


def make_optimizer(network: torch.nn.Module, config: OptimizerConfig) -> torch.optim.AdamW:
    """AdamW with the configured numbers."""
    return torch.optim.AdamW(
        network.parameters(),
        lr=config.learning_rate,
        betas=(config.beta_1, config.beta_2),
        eps=config.epsilon,
        weight_decay=config.weight_decay,
    )
