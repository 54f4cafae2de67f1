"""The residual block of HiFi-GAN's generator.

Reference: Kong et al., "HiFi-GAN", 2020, section 2.2 and appendix A.1 (ResBlock "1").
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from duetto.layers.weight_norm import weight_normalised

LEAKY_SLOPE = 0.1  # HiFi-GAN


class ResidualBlock(nn.Module):
    """Pairs of a dilated and a plain convolution, each pair added to its input.

    Args:
        channels: Width of input and output.
        kernel_size: Odd.
        dilations: Dilation of the first convolution of every pair.
    """

    def __init__(self, channels: int, kernel_size: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.dilated = nn.ModuleList(
            weight_normalised(
                nn.Conv1d(channels, channels, kernel_size, dilation=dilation, padding=dilation * (kernel_size // 2))
            )
            for dilation in dilations
        )
        self.plain = nn.ModuleList(
            weight_normalised(nn.Conv1d(channels, channels, kernel_size, padding=kernel_size // 2)) for _ in dilations
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, S) -> (B, C, S)."""
        for dilated, plain in zip(self.dilated, self.plain, strict=True):
            hidden = dilated(F.leaky_relu(x, LEAKY_SLOPE))
            # in place unless the gradient needs the old values
            x = x + plain(F.leaky_relu(hidden, LEAKY_SLOPE, inplace=not torch.is_grad_enabled()))
        return x
