"""The excitation signal: sines that follow the melody where it is voiced, and noise elsewhere.

Conventions: `f0_hz` holds one value per frame, (B, T), 0.0 where unvoiced, and is constant within a frame. The phase is
continuous across frames.

Reference: Wang, Takaki and Yamagishi, "Neural source-filter waveform models", 2019, eq. 1-3. Amplitudes as in
upstream RVC, which uses the fundamental alone.
"""

import math

import torch
from torch import Tensor, nn

SINE_AMPLITUDE = 0.1  # upstream RVC
VOICED_NOISE_STD = 0.003  # upstream RVC
UNVOICED_NOISE_STD = SINE_AMPLITUDE / 3  # upstream RVC


def phase_in_cycles(f0_hz: Tensor, sample_rate: int, hop_length: int) -> Tensor:
    """Accumulated phase of the fundamental at every sample, in cycles, wrapped at frame borders.

    Summed per frame in float64, so that the error does not grow with the length of a song.

    Args:
        f0_hz: (B, T).
        sample_rate: Hz.
        hop_length: Samples per frame.

    Returns:
        (B, T * hop_length), float64; sample 0 has already advanced by one sample's phase.
    """
    cycles_per_sample = f0_hz.double() / sample_rate
    frame_ends = torch.cumsum(cycles_per_sample * hop_length, dim=1)
    frame_starts = torch.nn.functional.pad(frame_ends[:, :-1], (1, 0)) % 1.0
    steps = torch.arange(1, hop_length + 1, device=f0_hz.device, dtype=torch.float64)
    return (frame_starts[:, :, None] + cycles_per_sample[:, :, None] * steps).flatten(1)


def gliding_phase_in_cycles(f0_hz: Tensor, sample_rate: float, hop_length: int) -> Tensor:
    """As `phase_in_cycles`, but the frequency glides linearly from each frame's value to the next.

    A frame's value is reached at its first sample; the last frame is constant.
    """
    cycles_per_sample = f0_hz.double() / sample_rate
    glide = torch.nn.functional.pad(cycles_per_sample.diff(dim=1), (0, 1))
    steps = torch.arange(1, hop_length + 1, device=f0_hz.device, dtype=torch.float64)
    # the sum of n linearly rising increments, the first of which has its initial value
    within = cycles_per_sample[:, :, None] * steps + glide[:, :, None] * (steps * (steps - 1) / (2 * hop_length))
    frame_starts = torch.nn.functional.pad(torch.cumsum(within[:, :-1, -1], dim=1), (1, 0)) % 1.0
    return (frame_starts[:, :, None] + within).flatten(1)


class HarmonicSource(nn.Module):
    """Sine and noise, merged into one excitation signal by a learned 1x1 layer and tanh.

    Args:
        sample_rate: Hz.
        hop_length: Samples per frame.
        num_harmonics: Overtones beside the fundamental; those above half the sample rate are silent.
        has_random_phases: Overtones start at random phases, drawn anew in every call that also draws its
            noise; given noise, they start at 0, so that the excitation can be computed again.
    """

    def __init__(
        self, sample_rate: int, hop_length: int, num_harmonics: int = 0, has_random_phases: bool = False
    ) -> None:
        super().__init__()
        self.sample_rate = sample_rate
        self.hop_length = hop_length
        self.num_sines = num_harmonics + 1
        self.has_random_phases = has_random_phases
        self.merge = nn.Linear(self.num_sines, 1)

    @torch.no_grad()
    def draw(self, f0_hz: Tensor, noise: Tensor | None = None, generator: torch.Generator | None = None) -> Tensor:
        """Sines where voiced plus noise, before the learned merge.

        Args:
            f0_hz: (B, T).
            noise: Standard normal values, broadcastable to the result; None = drawn.
            generator: Source of randomness; None = torch's global one.

        Returns:
            (B, S, num_sines), float32.
        """
        orders = torch.arange(1, self.num_sines + 1, device=f0_hz.device)
        cycles = phase_in_cycles(f0_hz, self.sample_rate, self.hop_length)[:, :, None] * orders
        if noise is None and self.has_random_phases:
            cycles = cycles + self._draw_phases(f0_hz, generator)
        sines = SINE_AMPLITUDE * torch.sin(2 * math.pi * (cycles % 1.0)).float()
        f0_samples = f0_hz.repeat_interleave(self.hop_length, dim=1)[:, :, None]  # (B, S, 1)
        voiced = (f0_samples > 0).float()
        audible = voiced * ((f0_samples * orders < self.sample_rate / 2) | (orders == 1))
        noise_std = voiced * VOICED_NOISE_STD + (1 - voiced) * UNVOICED_NOISE_STD
        if noise is None:
            device = generator.device if generator is not None else f0_hz.device
            noise = torch.randn(sines.shape, generator=generator, device=device).to(f0_hz.device)
        return sines * audible + noise_std * noise

    def _draw_phases(self, f0_hz: Tensor, generator: torch.Generator | None) -> Tensor:
        device = generator.device if generator is not None else f0_hz.device
        phases = torch.rand(len(f0_hz), 1, self.num_sines, generator=generator, device=device).to(f0_hz.device)
        phases[..., 0] = 0.0  # the fundamental starts with the melody
        return phases

    def forward(self, f0_hz: Tensor, noise: Tensor | None = None, generator: torch.Generator | None = None) -> Tensor:
        """Excitation signal, (B, 1, S), S = T * hop_length; arguments as `draw`."""
        merged = torch.tanh(self.merge(self.draw(f0_hz, noise, generator).to(self.merge.weight.dtype)))
        return merged.transpose(1, 2)
