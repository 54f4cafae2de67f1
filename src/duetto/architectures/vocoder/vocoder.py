"""NSF-HiFiGAN and its pitch-controllable variant: a mel spectrogram and a melody to a waveform.

Conventions: the mel is natural-log (`features.mel`), (B, M, T); `f0_hz` is (B, T), 0.0 where unvoiced.

The two published harmonic sources of NSF-HiFiGAN, a running sum over samples (Diff-SVC) and one over frames (openvpi),
are the same function up to rounding; ours sums over frames in float64, which avoids the drift and the cost of the
first.

References: Kong et al., "HiFi-GAN", 2020; Wang et al., 2019 (the source); openvpi's NSF-HiFiGAN and PC-NSF-HiFiGAN.
"""

import math

import torch
from torch import Tensor, nn

from duetto.architectures.vocoder.shapes import MINI_SOURCE_STAGE, VocoderShape
from duetto.layers.generator import Generator, NSFGenerator
from duetto.layers.harmonic_source import gliding_phase_in_cycles


class MiniSourceGenerator(Generator):
    """HiFi-GAN driven by one clean sine, at the rate after its second upsampling (PC-NSF-HiFiGAN)."""

    def __init__(self, shape: VocoderShape) -> None:
        super().__init__(shape.generator)
        rates = shape.generator.upsample_rates
        self.frame_samples = math.prod(rates[: MINI_SOURCE_STAGE + 1])
        self.source_rate = shape.sample_rate / math.prod(rates[MINI_SOURCE_STAGE + 1 :])
        self.num_stages = len(rates)
        self.source_convolution = nn.Conv1d(1, shape.generator.stage_channels(MINI_SOURCE_STAGE), 1)

    def excite(self, f0_hz: Tensor) -> Tensor:
        """The sine, (B, 1, T * frame_samples): its frequency glides from frame to frame; at 0 Hz it is constant."""
        cycles = gliding_phase_in_cycles(f0_hz, self.source_rate, self.frame_samples)
        return torch.sin(2 * math.pi * (cycles % 1.0)).float()[:, None]

    def forward(  # type: ignore[override]
        self, mel: Tensor, f0_hz: Tensor, noise: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Waveform within -1..1, (B, 1, S); this source draws nothing, so `noise` and `generator` have no effect."""
        stages: list[Tensor | None] = [None] * self.num_stages
        stages[MINI_SOURCE_STAGE] = self.source_convolution(self.excite(f0_hz).to(mel.dtype))
        return self._synthesise(mel, None, stages)


class Vocoder(nn.Module):
    """A vocoder of any shape."""

    def __init__(self, shape: VocoderShape) -> None:
        super().__init__()
        self.shape = shape
        self.generator: MiniSourceGenerator | NSFGenerator = (
            MiniSourceGenerator(shape)
            if shape.has_mini_source
            else NSFGenerator(shape.generator, shape.sample_rate, shape.num_harmonics, has_random_phases=True)
        )

    def forward(
        self, mel: Tensor, f0_hz: Tensor, noise: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Waveform within -1..1.

        Args:
            mel: Natural-log mel, (B, M, T).
            f0_hz: (B, T), Hz, 0.0 where unvoiced.
            noise: Standard normal values of the excitation, broadcastable to (B, S, sines), overtones starting at
                phase 0; None = both drawn.
            generator: Source of randomness; None = torch's global one.

        Returns:
            (B, 1, T * hop_length).
        """
        return self.generator(mel, f0_hz, noise=noise, generator=generator)
