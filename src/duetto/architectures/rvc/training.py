"""Training RVC: one discriminator step and one generator step per batch, with manual optimisation.

Order and losses follow upstream (rvc: discriminator on (real, generated.detach()), its step, then
the generator on fresh discriminator outputs): LSGAN, feature matching, mel L1, KL.

Deviation 2 (docs/deviations.md): both mels of the mel loss are computed from the segment's waveform; upstream slices
the recording's mel out of that of the whole clip, so that frames at its edges also cover samples outside the segment.
"""

import torch
from torch import Tensor

from duetto.architectures.rvc.config import RVCConfig
from duetto.architectures.rvc.losses import kl_loss, mel_loss
from duetto.architectures.rvc.mel_latent import MelLatentSynthesizer
from duetto.architectures.rvc.renderer import build_rvc
from duetto.architectures.rvc.synthesizer import Synthesizer, TrainingOutput
from duetto.architectures.rvc.vocoder_start import discriminator_of, load_discriminator, start_as_vocoder
from duetto.data.batch import Batch
from duetto.data.dataset import CropPlan
from duetto.features.spectrogram import linear_spectrogram, log_mel, mel_filterbank, mel_from_linear
from duetto.layers.auxiliary_decoder import distance
from duetto.layers.generator import Generator
from duetto.layers.masks import slice_segments
from duetto.settings.config import FeaturesConfig
from duetto.training.adversarial import AdversarialModule
from duetto.training.linear_fit import RIDGE, fit_linear
from duetto.training.module import make_optimizer


class RVCModule(AdversarialModule):
    """Generator and discriminator with their two optimisers."""

    loss_names: tuple[str, ...] = ("mel", "kl", "discriminator", "adversarial", "feature_matching")
    frame_losses = ("kl", "auxiliary")
    unweighted_losses = ("auxiliary",)  # of the decoder alone

    def __init__(self, model: RVCConfig, features: FeaturesConfig, seed: int) -> None:
        super().__init__(model, features, seed, model.loss)
        self.config = model
        self.synthesizer = build_rvc(model, features)
        if model.has_mel_latent:
            self.loss_names = (*self.loss_names, "auxiliary")
        self.add_discriminator(model.discriminator)
        self.has_vocoders_discriminator = discriminator_of(model, features) is not None

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """AdamW for generator and discriminator."""
        return [
            make_optimizer(self.synthesizer, self.config.optimizer),
            make_optimizer(self.discriminator, self.config.optimizer),
        ]

    def exported_network(self) -> Synthesizer:
        return self.synthesizer

    def learn_statistics(self, plan: CropPlan) -> str | None:
        """Fit what a latent of mels starts from: mean and spread, the linear map and, without a base, a vocoder."""
        if not isinstance(self.synthesizer, MelLatentSynthesizer):
            return None
        said = fit_linear(self.synthesizer.auxiliary.linear, plan, self.features, RIDGE, keeps_map=self.start.from_base)
        if not self._begins_as_vocoder():
            return said
        load_discriminator(self.discriminator, self.config, self.features)
        return f"{said} {start_as_vocoder(self.synthesizer, self.config, self.features)}"

    def is_adversarial(self) -> bool:
        """Also from the first step on if the discriminators are a vocoder's."""
        return super().is_adversarial() or (self._begins_as_vocoder() and self.has_vocoders_discriminator)

    def _begins_as_vocoder(self) -> bool:
        return self.config.generator_vocoder is not None and not self.start.from_base

    def balanced_generator(self) -> Generator | None:
        """The one that turns frames into samples."""
        return self.synthesizer.generator if self.config.balances_upsampling else None

    def train_on(self, batch: Batch) -> dict[str, Tensor]:
        """One step of both networks."""
        optimizer_g, optimizer_d = self.optimiser_list()
        self._choose_auxiliary()
        generated, real = self._generate(batch)
        parts: dict[str, Tensor] = {}
        is_adversarial = self.is_adversarial()
        if is_adversarial:
            parts["discriminator"] = self.discriminator_step(optimizer_d, real, generated.waveform.detach(), batch)
        own = self._own_losses(real, generated)
        parts |= self.generator_step(optimizer_g, real, generated.waveform, own, batch, is_adversarial)
        return parts

    def _choose_auxiliary(self) -> None:
        if isinstance(self.synthesizer, MelLatentSynthesizer):
            self.synthesizer.auxiliary.learn(not self.start.from_base or self.config.trains_auxiliary)

    def _generate(self, batch: Batch) -> tuple[TrainingOutput, Tensor]:
        spectrogram = linear_spectrogram(batch.waveform, self.features.n_fft, self.features.hop_length)
        uses_f0 = self.config.uses_f0
        generated = self.synthesizer(
            content=batch.content,
            f0_hz=batch.f0_hz if uses_f0 else None,
            pitch_coarse=batch.pitch_coarse if uses_f0 else None,
            spectrogram=spectrogram,
            lengths=batch.lengths,
            speaker_id=batch.speaker_id,
            first_example=batch.share.first,
        )
        hop = self.features.hop_length
        start, size = generated.segment_start * hop, self.config.segment_frames * hop
        return generated, slice_segments(batch.waveform[:, None], start, size)

    def _own_losses(self, real: Tensor, generated: TrainingOutput) -> dict[str, Tensor]:
        """The losses that need no discriminator, in float32."""
        has_decoder = isinstance(self.synthesizer, MelLatentSynthesizer)
        prior_mean = generated.prior_mean.detach() if has_decoder else generated.prior_mean
        statistics = (generated.posterior_log_std, prior_mean, generated.prior_log_std)
        with self.step_precision.float32():
            losses = {
                "mel": mel_loss(self._log_mel(real), self._log_mel(generated.waveform)),
                "kl": kl_loss(generated.z_p, *statistics, generated.mask),
            }
            if has_decoder:
                losses["auxiliary"] = distance(generated.prior_mean, generated.posterior_mean, generated.mask)
        return losses

    def _log_mel(self, waveform: Tensor) -> Tensor:
        given = self.features
        spectrogram = linear_spectrogram(waveform[:, 0].float(), given.n_fft, given.hop_length)
        band = (given.mel_min_hz, given.mel_max_hz)
        filters = mel_filterbank(given.sample_rate, given.n_fft, given.n_mels, *band, spectrogram.device)
        return log_mel(mel_from_linear(spectrogram, filters))
