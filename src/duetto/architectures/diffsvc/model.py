"""Diff-SVC: the condition, the noise predictor, the schedule and the range of its mel spectrogram in one module.

Conventions: B utterances, T frames, M mel bins, D content width. Mels are logarithmic, to the base that the model was
trained with; internally they are normalised to -1..1 by `mel_min` and `mel_max`, which are stored with the weights.

Reference: upstream Diff-SVC; Liu et al., "DiffSinger", 2022, section 3 (shallow diffusion).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from duetto.architectures.diffsvc.condition import ConditionEncoder
from duetto.architectures.diffsvc.denoiser import Denoiser
from duetto.architectures.diffsvc.prepared import PreparedDenoiser
from duetto.architectures.diffsvc.sampling import SamplerSettings, sample
from duetto.architectures.diffsvc.schedule import NoiseSchedule, denormalise_mel, diffuse, linear_betas, normalise_mel
from duetto.architectures.diffsvc.shapes import DiffSVCShape
from duetto.progress import ReportCount


@dataclass(frozen=True)
class ConditionInputs:
    """Inputs of the condition encoder; inputs that the model does not use are ignored (`ConditionEncoder.forward`)."""

    content: Tensor  # (B, T, D), or (B, U, D) with unit_index
    f0_hz: Tensor  # (B, T), Hz, 0.0 where unvoiced
    mask: Tensor  # 1.0 in real frames, (B, 1, T)
    speaker_id: Tensor | None = None  # (B,), int64
    energy: Tensor | None = None  # (B, T)
    unit_index: Tensor | None = None  # (B, T), int64, 1-based
    predicted: Tensor | None = None  # mel of the auxiliary decoder, (B, M, T); None = the model predicts it


@dataclass(frozen=True)
class Shallow:
    """The start of shallow diffusion: an existing mel, noised up to `start` levels."""

    mel: Tensor  # (B, M, T), the model's log domain
    start: int  # 2..N


class DiffSVC(nn.Module):
    """A voice model: any published shape, or our own.

    The range of the mel starts as `mel_min` = -5 and `mel_max` = 0 and is set by training or by loaded weights.
    """

    mel_min: Tensor
    mel_max: Tensor

    def __init__(self, shape: DiffSVCShape) -> None:
        super().__init__()
        self.shape = shape
        self.condition_encoder = ConditionEncoder(shape.condition)
        self.denoiser = Denoiser(shape.denoiser)
        self.schedule = NoiseSchedule(linear_betas(shape.num_timesteps, shape.max_beta))
        self.register_buffer("mel_min", torch.full((1, 1, shape.num_range_bins), -5.0))  # upstream's placeholder
        self.register_buffer("mel_max", torch.zeros(1, 1, shape.num_range_bins))

    def set_mel_range(self, mel_min: Tensor, mel_max: Tensor) -> None:
        """Map the range of the training set, (num_range_bins,) each, to -1 and 1."""
        self.mel_min.copy_(mel_min.view_as(self.mel_min))
        self.mel_max.copy_(mel_max.view_as(self.mel_max))

    def encode(self, inputs: ConditionInputs) -> Tensor:
        """The condition, (B, H, T)."""
        return self.condition_encoder(
            inputs.content, inputs.f0_hz, inputs.mask, inputs.speaker_id, inputs.energy, inputs.unit_index
        )

    def normalise(self, mel: Tensor) -> Tensor:
        """Log mel (B, M, T) to x_0."""
        return normalise_mel(mel, self.mel_min, self.mel_max)

    def forward(self, mel: Tensor, inputs: ConditionInputs, timestep: Tensor, noise: Tensor) -> Tensor:
        """Predicted noise of a noised mel, for training.

        Args:
            mel: Log mel, (B, M, T).
            inputs: Of the condition encoder; padding is masked out.
            timestep: (B,), int64.
            noise: Standard normal, (B, M, T).

        Returns:
            (B, M, T).
        """
        x_t = diffuse(self.schedule, self.normalise(mel), timestep, noise)
        return self.denoiser(x_t, timestep, self.encode(inputs), inputs.mask)

    @torch.no_grad()
    def convert(
        self,
        inputs: ConditionInputs,
        sampler: SamplerSettings,
        shallow: Shallow | None = None,
        generator: torch.Generator | None = None,
        progress: ReportCount | None = None,
        is_clamped: bool = False,
        noise_scale: float = 1.0,
    ) -> Tensor:
        """The source's content and melody, sung by the model's voice.

        Args:
            inputs: Of the condition encoder.
            sampler: Sampler and number of steps.
            shallow: Start from another mel (of another model, the source, or a naive predictor); None = from noise.
            generator: Source of all randomness; None = torch's global one.
            progress: Called after every network call.
            noise_scale: Standard deviation of the initial noise. The probability flow preserves it: below 1 the mel
                lies nearer to the mean of the model's distribution (Popov et al. 2021, Grad-TTS, sec. 4).
            is_clamped: Keep every predicted x_0 within the range of the training set (`sampling.sample`).

        Returns:
            Log mel, (B, M, T), 0 in padding.

        Raises:
            ConfigError: If the shallow start is out of range.
        """
        batch, _, num_frames = inputs.mask.shape
        device = generator.device if generator is not None else inputs.mask.device
        shape = (batch, self.shape.denoiser.n_mels, num_frames)
        noise = torch.randn(shape, generator=generator, device=device).to(self.mel_min) * noise_scale
        start = None if shallow is None else shallow.start
        x = noise if shallow is None else self.noised(shallow, noise)
        denoise = PreparedDenoiser(self.denoiser, self.encode(inputs), inputs.mask)
        x_0 = sample(sampler, denoise, x, self.schedule, start, generator, progress, is_clamped)
        return denormalise_mel(x_0, self.mel_min, self.mel_max) * inputs.mask

    def noised(self, shallow: Shallow, noise: Tensor) -> Tensor:
        """The starting mel with the noise of timestep start - 1, (B, M, T)."""
        last = torch.full((len(noise),), min(shallow.start, len(self.schedule)) - 1, device=noise.device)
        return diffuse(self.schedule, self.normalise(shallow.mel), last, noise)
