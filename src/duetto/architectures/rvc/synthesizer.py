"""RVC's synthesizer: from content and pitch to a waveform, all variants in one class.

Training: spectrogram -> posterior latent -> waveform segment, while the flow maps that latent to the distribution that
the prior predicts from content and pitch alone. Conversion: prior -> inverse flow -> waveform.

Letters: B utterances, T frames, D content width, F spectrogram bins, C latent width, S = T * hop_length samples.
Content, f0 and spectrogram share one grid of frames. `f0_hz` is 0.0 where unvoiced; both pitch arguments are
None in a variant without f0.

Reference: Kim et al., "VITS", 2021, section 2; upstream RVC.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from duetto.architectures.rvc.encoders import PosteriorEncoder, PriorEncoder
from duetto.architectures.rvc.flow import Flow
from duetto.architectures.rvc.shapes import SynthesizerConfig
from duetto.errors import CheckpointError
from duetto.layers.attention import EncoderShape
from duetto.layers.generator import Generator, NSFGenerator
from duetto.layers.masks import random_segment_starts, sequence_mask, slice_segments

NOISE_SCALE = 0.66666  # prior temperature at conversion, upstream RVC


@dataclass(frozen=True)
class TrainingOutput:
    """What the losses need. Latents and statistics are (B, C, T), 0 in padding."""

    waveform: Tensor  # generated segment, (B, 1, segment_frames * hop_length)
    segment_start: Tensor  # first frame of the segment, (B,)
    mask: Tensor  # (B, 1, T)
    z: Tensor  # posterior sample
    z_p: Tensor  # the same, mapped by the flow to the prior's latent
    prior_mean: Tensor
    prior_log_std: Tensor
    posterior_mean: Tensor
    posterior_log_std: Tensor


class Synthesizer(nn.Module):
    """A voice model: any of the public RVC shapes, or our compact one."""

    def __init__(self, config: SynthesizerConfig) -> None:
        super().__init__()
        self.config = config
        shape = EncoderShape(
            channels=config.hidden_channels,
            filter_channels=config.filter_channels,
            num_heads=config.num_heads,
            num_layers=config.num_layers,
            kernel_size=config.kernel_size,
            dropout=config.dropout,
        )
        self.prior_encoder = PriorEncoder(config.content_dimension, config.inter_channels, shape, config.uses_f0)
        self.posterior_encoder = build_posterior_encoder(config) if config.has_posterior else None
        self.flow = Flow(config.inter_channels, config.hidden_channels, config.flow_layers, config.speaker_channels)
        self.generator: Generator = (
            NSFGenerator(config.generator, config.sample_rate, config.num_harmonics)
            if config.uses_f0
            else Generator(config.generator)
        )
        self.speaker_embedding = nn.Embedding(config.num_speakers, config.speaker_channels)

    def forward(  # noqa: PLR0913 - one training batch, its fields named by the caller
        self,
        content: Tensor,
        f0_hz: Tensor | None,
        pitch_coarse: Tensor | None,
        spectrogram: Tensor,
        lengths: Tensor,
        speaker_id: Tensor,
        segment_start: Tensor | None = None,
        posterior_noise: Tensor | None = None,
        source_noise: Tensor | None = None,
        first_example: int = 0,
    ) -> TrainingOutput:
        """Generate one segment of every utterance from its posterior.

        Args:
            content: (B, T, D).
            f0_hz: (B, T), Hz.
            pitch_coarse: 1..255, (B, T), int64.
            spectrogram: Linear magnitudes, (B, F, T).
            lengths: Real frames, (B,).
            speaker_id: (B,), int64.
            segment_start: First frame of every segment, (B,); None = drawn from torch's global generator.
            posterior_noise: Standard normal, (B, C, T); None = drawn likewise.
            source_noise: Standard normal, broadcastable to (B, segment samples, 1); None = drawn likewise.
            first_example: Row of the step's batch that is row 0 here, in one of several processes.

        Raises:
            ValueError: If a segment leaves the batch.
            CheckpointError: If the model came without its posterior encoder.
        """
        mask = sequence_mask(lengths, content.shape[1], content.dtype)
        speaker = self.embed_speaker(speaker_id)
        prior_mean, prior_log_std = self.prior(content, pitch_coarse, mask)
        posterior_mean, posterior_log_std = self.posterior(spectrogram, mask, speaker_id)
        if posterior_noise is None:
            posterior_noise = torch.randn_like(posterior_mean)
        z = (posterior_mean + posterior_noise * torch.exp(posterior_log_std)) * mask
        z_p = self.flow(z, mask, speaker)
        if segment_start is None:
            segment_start = random_segment_starts(lengths, self.config.segment_frames)
        heard = self.generator_input(self.trained_latent(z, prior_mean, mask, speaker, first_example), speaker_id)
        z_segment = slice_segments(heard, segment_start, self.config.segment_frames)
        f0_segment = None if f0_hz is None else slice_segments(f0_hz, segment_start, self.config.segment_frames)
        waveform = self.decode(z_segment, f0_segment, speaker, noise=source_noise)
        return TrainingOutput(
            waveform, segment_start, mask, z, z_p, prior_mean, prior_log_std, posterior_mean, posterior_log_std
        )

    @torch.no_grad()
    def convert(
        self,
        content: Tensor,
        f0_hz: Tensor | None,
        pitch_coarse: Tensor | None,
        lengths: Tensor,
        speaker_id: Tensor,
        noise_scale: float = NOISE_SCALE,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """The content sung by `speaker_id`.

        Args:
            content: (B, T, D).
            f0_hz: (B, T), Hz, already transposed.
            pitch_coarse: 1..255, (B, T), int64, of that `f0_hz`.
            lengths: Real frames, (B,).
            speaker_id: (B,), int64.
            noise_scale: Prior temperature; 0 = its mean.
            generator: Source of all randomness; None = torch's global one.

        Returns:
            Waveform, (B, 1, S).
        """
        mask = sequence_mask(lengths, content.shape[1], content.dtype)
        speaker = self.embed_speaker(speaker_id)
        mean, log_std = self.prior(content, pitch_coarse, mask)
        device = generator.device if generator is not None else mean.device
        noise = torch.randn(mean.shape, generator=generator, device=device).to(mean)
        z_p = (mean + torch.exp(log_std) * noise * noise_scale) * mask
        z = self.flow(z_p, mask, speaker, reverse=True)
        return self.decode(self.generator_input(z * mask, speaker_id), f0_hz, speaker, generator=generator)

    @torch.no_grad()
    def copy_synthesise(
        self,
        spectrogram: Tensor,
        f0_hz: Tensor | None,
        lengths: Tensor,
        speaker_id: Tensor,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """The recording through the posterior's mean and the generator: the upper bound of a conversion.

        Args:
            spectrogram: Linear magnitudes, (B, F, T).
            f0_hz: (B, T), Hz.
            lengths: Real frames, (B,).
            speaker_id: (B,), int64.
            generator: Source of the excitation's noise; None = torch's global one.

        Returns:
            Waveform, (B, 1, S).

        Raises:
            CheckpointError: If the model came without its posterior encoder.
        """
        mask = sequence_mask(lengths, spectrogram.shape[-1], spectrogram.dtype)
        speaker = self.embed_speaker(speaker_id)
        mean, _ = self.posterior(spectrogram, mask, speaker_id)
        return self.decode(self.generator_input(mean, speaker_id), f0_hz, speaker, generator=generator)

    def prior(self, content: Tensor, pitch_coarse: Tensor | None, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of the prior's latent; arguments as in `PriorEncoder.forward`."""
        statistics: tuple[Tensor, Tensor] = self.prior_encoder(content, pitch_coarse, mask)
        return statistics

    def trained_latent(self, z: Tensor, prior_mean: Tensor, mask: Tensor, speaker: Tensor, first: int) -> Tensor:
        """The latent (B, C, T) that the generator is trained on: the sample `z`; `first` as in `forward`."""
        return z

    def generator_input(self, z: Tensor, speaker_id: Tensor) -> Tensor:
        """What the generator reads of a latent (B, C, T): the latent itself."""
        return z

    def posterior(self, spectrogram: Tensor, mask: Tensor, speaker_id: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of the posterior's latent, (B, C, T); 0 in padding.

        Args:
            spectrogram: Linear magnitudes, (B, F, T).
            mask: (B, 1, T).
            speaker_id: (B,), int64.

        Raises:
            CheckpointError: If the model came without its posterior encoder.
        """
        if self.posterior_encoder is None:
            raise CheckpointError(
                "This voice has no posterior encoder, like all public inference models: it converts, but cannot be "
                "trained or resynthesise. Take the training checkpoint (G_*.pth) instead."
            )
        statistics: tuple[Tensor, Tensor] = self.posterior_encoder(spectrogram, mask, self.embed_speaker(speaker_id))
        return statistics

    def embed_speaker(self, speaker_id: Tensor) -> Tensor:
        """(B,) -> (B, speaker_channels, 1)."""
        return self.speaker_embedding(speaker_id).unsqueeze(-1)

    def decode(
        self,
        z: Tensor,
        f0_hz: Tensor | None,
        speaker: Tensor,
        noise: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Latent to waveform: (B, C, T) -> (B, 1, S); `noise` and `generator` as in `NSFGenerator`."""
        if self.config.uses_f0:
            return self.generator(z, f0_hz, speaker, noise, generator)
        return self.generator(z, speaker)


def build_posterior_encoder(config: SynthesizerConfig) -> PosteriorEncoder:
    """The posterior encoder, which only training and copy synthesis need."""
    return PosteriorEncoder(
        config.spectrogram_channels,
        config.inter_channels,
        config.hidden_channels,
        config.posterior_layers,
        config.speaker_channels,
    )
