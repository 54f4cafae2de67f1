"""The content encoder that Diff-SVC had until 2022-11-28, which checkpoints from before then still need.

It is a FastSpeech 2 encoder reused for content frames. The weights depend on its oddities, which are therefore kept:
the content is scaled twice, positions count down from the end of a table of 5000 rows, and padding reaches real frames
through the feed-forward convolution. New models do not use it.

References: Ren et al., "FastSpeech 2", 2021; upstream Diff-SVC.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NUM_HEADS = 2
KERNEL_SIZE = 9  # of the feed-forward convolution
EXPANSION = 4
TABLE_ROWS = 5000
LONGEST_PERIOD = 1e4


def countdown_positions(num_frames: int, channels: int, device: torch.device | None = None) -> Tensor:
    """Interleaved sines and cosines of positions that fall from the table's last row, (T, channels)."""
    positions = max(TABLE_ROWS, num_frames) - 1.0 - torch.arange(num_frames, dtype=torch.float32, device=device)
    even = torch.arange(0, channels, 2, dtype=torch.float32, device=device)
    angles = positions[:, None] * torch.exp(even * -(math.log(LONGEST_PERIOD) / channels))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


class LegacyLayer(nn.Module):
    """Self-attention without biases, then a convolution and a linear layer, each normalised before and added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(channels)
        self.attention = nn.MultiheadAttention(channels, NUM_HEADS, bias=False, batch_first=True)
        self.feed_forward_norm = nn.LayerNorm(channels)
        self.expand = nn.Conv1d(channels, EXPANSION * channels, KERNEL_SIZE, padding=KERNEL_SIZE // 2)
        self.contract = nn.Linear(EXPANSION * channels, channels)

    def forward(self, x: Tensor, is_padding: Tensor) -> Tensor:
        """(B, U, H), padding (B, U) -> (B, U, H), 0 in padding."""
        real = (~is_padding)[:, :, None].to(x.dtype)
        normalised = self.attention_norm(x)
        mixed, _ = self.attention(normalised, normalised, normalised, is_padding, need_weights=False)
        x = (x + mixed) * real
        hidden = self.expand(self.feed_forward_norm(x).mT).mT * KERNEL_SIZE**-0.5
        return (x + self.contract(F.gelu(hidden))) * real


class LegacyEncoder(nn.Module):
    """Content units to content units, through `num_layers` transformer layers."""

    def __init__(self, channels: int, num_layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(LegacyLayer(channels) for _ in range(num_layers))
        self.norm = nn.LayerNorm(channels)

    def forward(self, content: Tensor) -> Tensor:
        """Encoded units.

        Args:
            content: (B, U, H); a unit of zeros is padding.

        Returns:
            (B, U, H), 0 in padding.
        """
        is_padding = (content == 0).all(dim=-1)
        scale = 2.0 * math.sqrt(content.shape[-1])  # once by the encoder, once more by its position layer
        x = content * scale + countdown_positions(content.shape[1], content.shape[2], content.device)
        x = x.masked_fill(is_padding[:, :, None], 0.0)
        for layer in self.layers:
            x = layer(x, is_padding)
        return self.norm(x).masked_fill(is_padding[:, :, None], 0.0)
