"""The acoustic model: one linear map from content to mel for all voices, and a mean and spread for each of them.

Conventions: B utterances, T frames, D content width, K frames of context, M mel bins, N speakers. Mels are
natural-log. Frames before the first and after the last repeat the edge.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

LEAST_SPREAD = 1e-3  # of a bin, so that a constant one does not divide by zero


class SharedMap(nn.Module):
    """Content to normalised mel; zero before it is solved."""

    def __init__(self, content_dimension: int, n_mels: int, context_frames: int) -> None:
        super().__init__()
        self.context_frames = context_frames
        self.weight = nn.Parameter(torch.zeros(n_mels, content_dimension, context_frames), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(n_mels), requires_grad=False)

    def forward(self, content: Tensor) -> Tensor:
        """(B, T, D) to (B, M, T)."""
        return functional.conv1d(padded(content, self.context_frames), self.weight, self.bias)


class LinearAcoustic(nn.Module):
    """Content to mel for a voice of one or more speakers."""

    mel_mean: Tensor
    mel_spread: Tensor

    def __init__(self, content_dimension: int, n_mels: int, context_frames: int, num_speakers: int) -> None:
        super().__init__()
        self.shared = SharedMap(content_dimension, n_mels, context_frames)
        self.register_buffer("mel_mean", torch.zeros(num_speakers, n_mels))
        self.register_buffer("mel_spread", torch.ones(num_speakers, n_mels))

    def forward(self, content: Tensor, speaker_id: Tensor) -> Tensor:
        """Natural-log mel.

        Args:
            content: (B, T, D).
            speaker_id: (B,), int64.

        Returns:
            (B, M, T).
        """
        return self.shared(content) * self.spread_of(speaker_id) + self.mean_of(speaker_id)

    def mean_of(self, speaker_id: Tensor) -> Tensor:
        """Mean of the natural-log mel of each speaker: (B,) -> (B, M, 1)."""
        return self.mel_mean[speaker_id, :, None]

    def spread_of(self, speaker_id: Tensor) -> Tensor:
        """Its standard deviation, likewise."""
        return self.mel_spread[speaker_id, :, None]


def padded(content: Tensor, context_frames: int) -> Tensor:
    """(B, T, D) to (B, D, T + K - 1), the edges repeated; T is at least 1."""
    return functional.pad(content.mT, (context_frames // 2,) * 2, mode="replicate")


def in_context(content: Tensor, context_frames: int) -> Tensor:
    """The rows of the regression: (T, D) to (T, D * K), in the order of `SharedMap.weight`."""
    windows = padded(content[None], context_frames)[0].unfold(1, context_frames, 1)
    return windows.transpose(0, 1).reshape(len(content), -1)
