"""From frames to samples: HiFi-GAN's generator, alone or driven by a harmonic source.

References: Kong et al., "HiFi-GAN", 2020, section 2.2; the source enters every stage as in NSF-HiFiGAN (upstream
RVC). The last leaky ReLU has slope 0.01, not 0.1: upstream uses torch's default there, and its weights were trained
with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, prod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from duetto.layers.harmonic_source import HarmonicSource
from duetto.layers.pieces import PIECE_VALUES, in_pieces
from duetto.layers.residual import LEAKY_SLOPE, ResidualBlock
from duetto.layers.weight_norm import weight_normalised

LAST_LEAKY_SLOPE = 0.01  # torch's default, upstream HiFi-GAN and RVC
EDGE_KERNEL_SIZE = 7  # first and last convolution, HiFi-GAN


@dataclass(frozen=True)
class GeneratorShape:
    """Size of a generator. Upsampling kernel minus rate must be even."""

    input_channels: int
    initial_channels: int  # halved by every stage
    upsample_rates: tuple[int, ...]  # product = samples per frame
    upsample_kernel_sizes: tuple[int, ...]
    resblock_kernel_sizes: tuple[int, ...]
    resblock_dilation_sizes: tuple[tuple[int, ...], ...]
    speaker_channels: int = 0  # 0 = not conditioned
    has_weight_normalised_edges: bool = False  # first and last convolution too (HiFi-GAN; not RVC)
    has_output_bias: bool = False  # HiFi-GAN has one, RVC none

    @property
    def hop_length(self) -> int:
        """Samples per frame."""
        return prod(self.upsample_rates)

    @property
    def block_reach(self) -> int:
        """Samples on either side that an output of the residual blocks depends on."""
        pairs = zip(self.resblock_kernel_sizes, self.resblock_dilation_sizes, strict=True)
        return max((kernel // 2) * (sum(dilations) + len(dilations)) for kernel, dilations in pairs)

    def stage_channels(self, stage: int) -> int:
        """Channels after upsampling stage `stage` (0 = first)."""
        return self.initial_channels // 2 ** (stage + 1)


class Generator(nn.Module):
    """HiFi-GAN: transposed convolutions, each followed by the mean of parallel residual blocks."""

    def __init__(self, shape: GeneratorShape) -> None:
        super().__init__()
        self.shape = shape
        self.num_blocks_per_stage = len(shape.resblock_kernel_sizes)
        self.input_convolution = nn.Conv1d(
            shape.input_channels, shape.initial_channels, EDGE_KERNEL_SIZE, padding=EDGE_KERNEL_SIZE // 2
        )
        self.speaker_projection = (
            nn.Conv1d(shape.speaker_channels, shape.initial_channels, 1) if shape.speaker_channels else None
        )
        self.upsamplers = nn.ModuleList()
        self.residual_blocks = nn.ModuleList()
        channels = shape.initial_channels
        for stage, (rate, kernel) in enumerate(zip(shape.upsample_rates, shape.upsample_kernel_sizes, strict=True)):
            wider, channels = channels, shape.stage_channels(stage)
            upsampler = nn.ConvTranspose1d(wider, channels, kernel, stride=rate, padding=(kernel - rate) // 2)
            self.upsamplers.append(weight_normalised(upsampler))
            for size, dilations in zip(shape.resblock_kernel_sizes, shape.resblock_dilation_sizes, strict=True):
                self.residual_blocks.append(ResidualBlock(channels, size, dilations))
        self.output_convolution = nn.Conv1d(
            channels, 1, EDGE_KERNEL_SIZE, padding=EDGE_KERNEL_SIZE // 2, bias=shape.has_output_bias
        )
        if shape.has_weight_normalised_edges:
            weight_normalised(self.input_convolution)
            weight_normalised(self.output_convolution)

    def forward(self, latent: Tensor, speaker: Tensor | None = None) -> Tensor:
        """Waveform within -1..1.

        Args:
            latent: (B, input_channels, T).
            speaker: (B, speaker_channels, 1), or None if not conditioned.

        Returns:
            (B, 1, T * hop_length).
        """
        return self._synthesise(latent, speaker, ())

    def _synthesise(self, latent: Tensor, speaker: Tensor | None, source_stages: Sequence[Tensor | None]) -> Tensor:
        x = self.input_convolution(latent)
        if self.speaker_projection is not None:
            x = x + self.speaker_projection(speaker)
        is_converting = not torch.is_grad_enabled() and x.device.type == "cpu"
        for stage in range(len(self.upsamplers)):
            source = source_stages[stage] if source_stages else None
            x = self._stage_in_pieces(stage, x, source) if is_converting else self._stage(stage, x, source)
        return torch.tanh(self.output_convolution(F.leaky_relu(x, LAST_LEAKY_SLOPE)))

    def _stage(self, stage: int, x: Tensor, source: Tensor | None) -> Tensor:
        """Upsampling and the mean of the residual blocks: (B, C, T) -> (B, C / 2, T * rate)."""
        x = self.upsamplers[stage](F.leaky_relu(x, LEAKY_SLOPE))
        if source is not None:
            x = x + source
        first = stage * self.num_blocks_per_stage
        blocks = self.residual_blocks[first : first + self.num_blocks_per_stage]
        return sum((block(x) for block in blocks[1:]), start=blocks[0](x)) / self.num_blocks_per_stage

    def _stage_in_pieces(self, stage: int, x: Tensor, source: Tensor | None) -> Tensor:
        """The same, a few thousand samples at a time."""
        rate, kernel = self.shape.upsample_rates[stage], self.shape.upsample_kernel_sizes[stage]
        margin = ceil(self.shape.block_reach / rate) + ceil(kernel / rate)
        piece = max(1, PIECE_VALUES // (self.shape.stage_channels(stage) * rate))
        return in_pieces(partial(self._stage, stage), x, source, rate, margin, piece)


class NSFGenerator(Generator):
    """HiFi-GAN with the excitation added at every stage, downsampled to that stage's rate.

    Raises:
        ValueError: If a stage would read the excitation at an odd stride (other than 1), which loses a sample.
    """

    def __init__(
        self, shape: GeneratorShape, sample_rate: int, num_harmonics: int = 0, has_random_phases: bool = False
    ) -> None:
        super().__init__(shape)
        self.source = HarmonicSource(sample_rate, shape.hop_length, num_harmonics, has_random_phases)
        self.source_convolutions = nn.ModuleList()
        for stage in range(len(shape.upsample_rates)):
            stride = prod(shape.upsample_rates[stage + 1 :])
            if stride != 1 and stride % 2:
                raise ValueError(f"upsample_rates {shape.upsample_rates}: the product after stage {stage} is odd")
            kernel, padding = (2 * stride, stride // 2) if stride > 1 else (1, 0)
            self.source_convolutions.append(
                nn.Conv1d(1, shape.stage_channels(stage), kernel, stride=stride, padding=padding)
            )

    def forward(  # type: ignore[override]
        self,
        latent: Tensor,
        f0_hz: Tensor,
        speaker: Tensor | None = None,
        noise: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Waveform within -1..1.

        Args:
            latent: (B, input_channels, T).
            f0_hz: (B, T), Hz, 0.0 where unvoiced.
            speaker: (B, speaker_channels, 1), or None if not conditioned.
            noise: Standard normal values of the excitation, broadcastable to (B, S, sines); None = drawn.
            generator: Source of randomness; None = torch's global one.

        Returns:
            (B, 1, T * hop_length).
        """
        excitation = self.source(f0_hz, noise, generator)
        return self._synthesise(latent, speaker, [convolve(excitation) for convolve in self.source_convolutions])
