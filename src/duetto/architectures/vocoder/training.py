"""Training NSF-HiFiGAN by itself: mel and melody of a segment to its waveform, against discriminators.

Losses as HiFi-GAN's (Kong et al., 2020, eq. 1-7): LSGAN, feature matching, mel L1; the mel loss may use several windows
(`model.mel_scales`), which resolve pitch and noise differently.
"""

import torch
from torch import Tensor

from duetto.architectures.vocoder.augmentation import augment_waveforms
from duetto.architectures.vocoder.config import VocoderConfig
from duetto.architectures.vocoder.renderer import build_vocoder
from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.data.batch import Batch
from duetto.features.mel import waveform_to_mel
from duetto.features.spectrogram import linear_spectrogram, log_mel, mel_filterbank, mel_from_linear
from duetto.layers.gan_losses import mel_loss
from duetto.layers.generator import Generator
from duetto.settings.config import FeaturesConfig
from duetto.training.adversarial import AdversarialModule
from duetto.training.module import make_optimizer

HOPS_PER_WINDOW = 4  # of the mel loss


class VocoderModule(AdversarialModule):
    """Generator and discriminator with their two optimisers."""

    loss_names = ("mel", "discriminator", "adversarial", "feature_matching")

    def __init__(self, model: VocoderConfig, features: FeaturesConfig, seed: int) -> None:
        super().__init__(model, features, seed, model.loss)
        self.config = model
        self.vocoder = build_vocoder(model, features)
        self.add_discriminator(model.discriminator)

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """AdamW for generator and discriminator."""
        return [make_optimizer(network, self.config.optimizer) for network in (self.vocoder, self.discriminator)]

    def exported_network(self) -> Vocoder:
        """The generator."""
        return self.vocoder

    def balanced_generator(self) -> Generator | None:
        """The one that turns frames into samples."""
        return self.vocoder.generator if self.config.balances_upsampling else None

    def train_on(self, batch: Batch) -> dict[str, Tensor]:
        """One step of both networks; padding at the end of short clips is treated as silence."""
        optimizer_g, optimizer_d = self.optimiser_list()
        with self.step_precision.float32():
            waveform = self._varied(batch.waveform)
            mel = waveform_to_mel(waveform, self.features)
        real = waveform[:, None]
        generated = self.vocoder(mel, batch.f0_hz)
        parts: dict[str, Tensor] = {}
        is_adversarial = self.is_adversarial()
        if is_adversarial:
            parts["discriminator"] = self.discriminator_step(optimizer_d, real, generated.detach(), batch)
        with self.step_precision.float32():
            own = {"mel": self._mel_distance(real[:, 0], generated[:, 0])}
        parts |= self.generator_step(optimizer_g, real, generated, own, batch, is_adversarial)
        return parts

    def _varied(self, waveform: Tensor) -> Tensor:
        gain_db, equaliser_db = self.config.gain_db, self.config.equaliser_db
        if not (gain_db or equaliser_db):
            return waveform
        return augment_waveforms(waveform, self.features.sample_rate, gain_db, equaliser_db)

    def _mel_distance(self, real: Tensor, generated: Tensor) -> Tensor:
        distances = [mel_loss(self._log_mel(real, size), self._log_mel(generated, size)) for size in self.scales()]
        return torch.stack(distances).mean()

    def scales(self) -> list[int]:
        """Windows of the mel loss, samples."""
        return self.config.mel_scales

    def _log_mel(self, waveform: Tensor, n_fft: int) -> Tensor:
        features = self.features
        hop = n_fft // HOPS_PER_WINDOW
        n_mels = max(1, features.n_mels * n_fft // max(self.scales()))
        top_hz = features.mel_max_hz or features.sample_rate / 2
        filters = mel_filterbank(features.sample_rate, n_fft, n_mels, features.mel_min_hz, top_hz, waveform.device)
        whole = waveform[..., : waveform.shape[-1] // hop * hop].float()
        return log_mel(mel_from_linear(linear_spectrogram(whole, n_fft, hop), filters))
