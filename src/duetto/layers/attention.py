"""Transformer encoder with relative position in its attention.

References: Shaw et al., "Self-Attention with Relative Position Representations", 2018, eq. 3-5; VITS (Kim et al.,
2021) shares the position vectors between the heads, normalises after the residual sum and uses convolutions
in the feed-forward part.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RELATIVE_WINDOW = 10  # frames to either side that have their own position vector, upstream VITS
MASKED_SCORE = -1e4  # attention score of a padded pair, upstream VITS


@dataclass(frozen=True)
class EncoderShape:
    """Size of a `RelativeEncoder`."""

    channels: int
    filter_channels: int  # width inside the feed-forward part
    num_heads: int  # divides channels
    num_layers: int
    kernel_size: int  # of the feed-forward convolutions, odd
    dropout: float = 0.0


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of (B, C, T)."""

    def __init__(self, channels: int, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalised frames, (B, C, T)."""
        return F.layer_norm(x.transpose(1, 2), self.weight.shape, self.weight, self.bias, self.epsilon).transpose(1, 2)


class RelativeAttention(nn.Module):
    """Multi-head self-attention with learned keys and values for the offsets -window..window."""

    def __init__(self, channels: int, num_heads: int, dropout: float = 0.0, window: int = RELATIVE_WINDOW) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.window = window
        self.head_channels = channels // num_heads
        self.query = nn.Conv1d(channels, channels, 1)
        self.key = nn.Conv1d(channels, channels, 1)
        self.value = nn.Conv1d(channels, channels, 1)
        self.output = nn.Conv1d(channels, channels, 1)
        self.dropout = nn.Dropout(dropout)
        offsets = (1, 2 * window + 1, self.head_channels)  # shared by the heads
        self.relative_keys = nn.Parameter(torch.randn(offsets) * self.head_channels**-0.5)
        self.relative_values = nn.Parameter(torch.randn(offsets) * self.head_channels**-0.5)
        for projection in (self.query, self.key, self.value):
            nn.init.xavier_uniform_(projection.weight)

    def forward(self, x: Tensor, pair_mask: Tensor) -> Tensor:
        """Attend from every frame to all frames.

        Args:
            x: (B, C, T).
            pair_mask: 0 where either frame is padding, (B, 1, T, T).

        Returns:
            (B, C, T).
        """
        query = self._split_heads(self.query(x)) * self.head_channels**-0.5
        key, value = self._split_heads(self.key(x)), self._split_heads(self.value(x))
        scores = query @ key.transpose(-2, -1) + self._spread_offsets(query @ self.relative_keys.transpose(-2, -1))
        weights = self.dropout(scores.masked_fill(pair_mask == 0, MASKED_SCORE).softmax(dim=-1))
        mixture = weights @ value + self._collect_offsets(weights) @ self.relative_values
        return self.output(mixture.transpose(2, 3).reshape(x.shape))

    def _split_heads(self, x: Tensor) -> Tensor:
        batch, channels, frames = x.shape
        return x.view(batch, self.num_heads, channels // self.num_heads, frames).transpose(
            2, 3
        )  # (B, heads, T, C/heads)

    def _spread_offsets(self, by_offset: Tensor) -> Tensor:
        """(B, heads, T, offsets) -> (B, heads, T, T); pairs beyond the window get 0."""
        frames = torch.arange(by_offset.shape[2], device=by_offset.device)
        offset = frames[None, :] - frames[:, None] + self.window
        pairs = by_offset.gather(-1, offset.clamp(0, 2 * self.window).expand(*by_offset.shape[:2], -1, -1))
        return pairs.masked_fill((offset < 0) | (offset > 2 * self.window), 0.0)

    def _collect_offsets(self, by_pair: Tensor) -> Tensor:
        """(B, heads, T, T) -> (B, heads, T, offsets); offsets that leave the utterance get 0."""
        num_frames = by_pair.shape[-1]
        frames = torch.arange(num_frames, device=by_pair.device)
        offsets = torch.arange(-self.window, self.window + 1, device=by_pair.device)
        other = frames[:, None] + offsets[None, :]
        collected = by_pair.gather(-1, other.clamp(0, num_frames - 1).expand(*by_pair.shape[:2], -1, -1))
        return collected.masked_fill((other < 0) | (other >= num_frames), 0.0)


class FeedForward(nn.Module):
    """Two convolutions over time with a ReLU between; padding stays 0."""

    def __init__(self, channels: int, filter_channels: int, kernel_size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.expand = nn.Conv1d(channels, filter_channels, kernel_size, padding=kernel_size // 2)
        self.contract = nn.Conv1d(filter_channels, channels, kernel_size, padding=kernel_size // 2)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, C, T) -> (B, C, T)."""
        hidden = self.dropout(torch.relu(self.expand(x * mask)))
        return self.contract(hidden * mask) * mask


class RelativeEncoder(nn.Module):
    """Attention and feed-forward layers, each added to its input and then normalised."""

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        layers = range(shape.num_layers)
        self.dropout = nn.Dropout(shape.dropout)
        self.attention_layers = nn.ModuleList(
            RelativeAttention(shape.channels, shape.num_heads, shape.dropout) for _ in layers
        )
        self.attention_norms = nn.ModuleList(ChannelNorm(shape.channels) for _ in layers)
        self.feed_forward_layers = nn.ModuleList(
            FeedForward(shape.channels, shape.filter_channels, shape.kernel_size, shape.dropout) for _ in layers
        )
        self.feed_forward_norms = nn.ModuleList(ChannelNorm(shape.channels) for _ in layers)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Encoded frames, 0 in padding.

        Args:
            x: (B, C, T).
            mask: (B, 1, T).

        Returns:
            (B, C, T).
        """
        pair_mask = mask.unsqueeze(2) * mask.unsqueeze(-1)  # (B, 1, T, T)
        x = x * mask
        layers = zip(
            self.attention_layers, self.attention_norms, self.feed_forward_layers, self.feed_forward_norms, strict=True
        )
        for attend, attention_norm, feed_forward, feed_forward_norm in layers:
            x = attention_norm(x + self.dropout(attend(x, pair_mask)))
            x = feed_forward_norm(x + self.dropout(feed_forward(x, mask)))
        return x * mask
