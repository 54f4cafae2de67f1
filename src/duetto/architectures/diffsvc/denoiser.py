"""The noise predictor: a non-causal WaveNet over mel frames, conditioned on timestep, content and melody.

Conventions: B utterances, M mel bins, T frames, H condition channels, C channels, L layers.

Reference: Liu et al., "DiffSinger", 2022, appendix; Kong et al., "DiffWave", 2021, section 3. Sizes as upstream
Diff-SVC.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn

from duetto.architectures.diffsvc.shapes import DenoiserShape

LONGEST_PERIOD = 1e4  # of the timestep embedding's sines, in timesteps / 2 pi
STEP_EXPANSION = 4  # width of the hidden layer that embeds the timestep, upstream


def step_embedding(timestep: Tensor, channels: int) -> Tensor:
    """Sines, then cosines, of the timestep at geometrically spaced frequencies.

    Args:
        timestep: (B,), may be fractional.
        channels: Even.

    Returns:
        (B, channels), float32.
    """
    half = channels // 2
    frequencies = torch.exp(torch.arange(half, device=timestep.device) * -(math.log(LONGEST_PERIOD) / (half - 1)))
    angles = timestep.float()[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


class ResidualLayer(nn.Module):
    """Dilated convolution, gated, with the condition added before the gate."""

    def __init__(self, channels: int, condition_channels: int, dilation: int) -> None:
        super().__init__()
        self.step_projection = nn.Linear(channels, channels)
        self.condition_projection = nn.Conv1d(condition_channels, 2 * channels, 1)
        self.dilated = nn.Conv1d(channels, 2 * channels, 3, padding=dilation, dilation=dilation)
        self.output_projection = nn.Conv1d(channels, 2 * channels, 1)
        for convolution in (self.condition_projection, self.dilated, self.output_projection):
            nn.init.kaiming_normal_(convolution.weight)

    def forward(
        self, x: Tensor, step: Tensor, projected_condition: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Input of the next layer and the skip branch, both (B, C, T).

        Args:
            x: (B, C, T).
            step: `step_projection` of the embedded timestep, (B or 1, C).
            projected_condition: `condition_projection` of the condition, (B, 2C, T).
            mask: (B, 1, T), or None.
        """
        hidden = x + step[:, :, None]
        if mask is not None:
            # Deviation 11 (docs/deviations.md): otherwise the padding's step vector would reach the last real frames
            hidden = hidden * mask
        gate, signal = self.dilated(hidden).add_(projected_condition).chunk(2, dim=1)
        # tanh(a) = 2 sigmoid(2 a) - 1, in a third of the time on a CPU; in place where no gradient needs the old values
        squashed = torch.sigmoid(signal * 2).mul(2).sub_(1)
        residual, skip = self.output_projection(torch.sigmoid(gate) * squashed).chunk(2, dim=1)
        return (x + residual).mul_(math.sqrt(0.5)), skip


class Denoiser(nn.Module):
    """Predicts the noise in a noisy mel spectrogram."""

    def __init__(self, shape: DenoiserShape) -> None:
        super().__init__()
        channels = shape.channels
        self.channels = channels
        self.input_projection = nn.Conv1d(shape.n_mels, channels, 1)
        self.step_mlp = nn.Sequential(
            nn.Linear(channels, STEP_EXPANSION * channels), nn.Mish(), nn.Linear(STEP_EXPANSION * channels, channels)
        )
        self.layers = nn.ModuleList(
            ResidualLayer(channels, shape.condition_channels, 2 ** (layer % shape.dilation_cycle))
            for layer in range(shape.num_layers)
        )
        self.skip_projection = nn.Conv1d(channels, channels, 1)
        self.output_projection = nn.Conv1d(channels, shape.n_mels, 1)
        nn.init.kaiming_normal_(self.input_projection.weight)
        nn.init.kaiming_normal_(self.skip_projection.weight)
        nn.init.zeros_(self.output_projection.weight)  # upstream: an untrained network predicts no noise

    def forward(self, x_t: Tensor, timestep: Tensor, condition: Tensor, mask: Tensor | None = None) -> Tensor:
        """Predicted noise.

        Args:
            x_t: (B, M, T).
            timestep: 0..N - 1, may be fractional, (B,).
            condition: (B, H, T).
            mask: 1.0 in real frames, (B, 1, T): padding then never reaches a real frame. None = no padding.

        Returns:
            (B, M, T); meaningless in padding.
        """
        return self.predict(x_t, self.project_steps(timestep), self.project_condition(condition), mask)

    def project_steps(self, timestep: Tensor) -> list[Tensor]:
        """What every layer adds at a timestep: L tensors (B, C)."""
        embedded = self.step_mlp(step_embedding(timestep, self.channels).to(self.input_projection.weight.dtype))
        return [cast(ResidualLayer, layer).step_projection(embedded) for layer in self.layers]

    def project_condition(self, condition: Tensor) -> list[Tensor]:
        """The condition as each layer adds it, the same at all timesteps: L tensors (B, 2C, T)."""
        return [cast(ResidualLayer, layer).condition_projection(condition) for layer in self.layers]

    def predict(self, x_t: Tensor, steps: list[Tensor], conditions: list[Tensor], mask: Tensor | None) -> Tensor:
        """`forward` from the projections of timestep and condition."""
        x = torch.relu(self.input_projection(x_t))
        skips = torch.zeros_like(x)
        for layer, step, condition in zip(self.layers, steps, conditions, strict=True):
            x, skip = layer(x, step, condition, mask)
            skips.add_(skip)
        return self.output_projection(torch.relu(self.skip_projection(skips / math.sqrt(len(self.layers)))))
