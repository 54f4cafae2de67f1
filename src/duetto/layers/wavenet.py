"""WaveNet: gated convolutions whose residual and skip branches are conditioned on the speaker.

Reference: van den Oord et al., "WaveNet", 2016, eq. 2 (gate) and section 2.4 (residual, skip). The dilation is
fixed at 1 and all conditioning comes from one layer, as in WaveGlow (Prenger et al., 2018) and VITS.
"""

import torch
from torch import Tensor, nn

from duetto.layers.weight_norm import weight_normalised


class WaveNet(nn.Module):
    """Stack of gated convolutions; the output is the sum of all skip branches.

    Args:
        channels: Width H of input and output.
        kernel_size: Odd.
        num_layers: Gated layers, 1 or more.
        speaker_channels: Width of the conditioning; 0 = none.
        dropout: Share of gated activations dropped in training.
    """

    def __init__(
        self, channels: int, kernel_size: int, num_layers: int, speaker_channels: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.channels = channels
        self.num_layers = num_layers
        self.dropout = nn.Dropout(dropout)
        self.conditioning = (
            weight_normalised(nn.Conv1d(speaker_channels, 2 * channels * num_layers, 1)) if speaker_channels else None
        )
        self.input_layers = nn.ModuleList(
            weight_normalised(nn.Conv1d(channels, 2 * channels, kernel_size, padding=kernel_size // 2))
            for _ in range(num_layers)
        )
        # the last layer has no residual branch to feed
        self.residual_skip_layers = nn.ModuleList(
            weight_normalised(nn.Conv1d(channels, channels if layer == num_layers - 1 else 2 * channels, 1))
            for layer in range(num_layers)
        )

    def forward(self, x: Tensor, mask: Tensor, speaker: Tensor | None = None) -> Tensor:
        """Sum of the skip branches, 0 in padding.

        Args:
            x: (B, H, T).
            mask: (B, 1, T).
            speaker: (B, speaker_channels, 1), or None without conditioning.

        Returns:
            (B, H, T).
        """
        conditions: tuple[Tensor | None, ...] = (None,) * self.num_layers
        if self.conditioning is not None:
            conditions = self.conditioning(speaker).chunk(self.num_layers, dim=1)
        output = torch.zeros_like(x)
        layers = zip(self.input_layers, self.residual_skip_layers, conditions, strict=True)
        for index, (input_layer, residual_skip_layer, condition) in enumerate(layers):
            signal = input_layer(x) if condition is None else input_layer(x) + condition
            filtered, gate = signal.chunk(2, dim=1)
            branches = residual_skip_layer(self.dropout(torch.tanh(filtered) * torch.sigmoid(gate)))
            if index < self.num_layers - 1:
                residual, skip = branches.chunk(2, dim=1)
                x = (x + residual) * mask
                output = output + skip
            else:
                output = output + branches
        return output * mask
