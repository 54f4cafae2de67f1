"""The prior encoder (latent predicted from content and pitch) and the posterior encoder (latent of a spectrogram).

Reference: Kim et al., "VITS", 2021, sections 2.1 and 2.4. The prior takes content frames and pitch classes where VITS
takes phonemes (upstream RVC).
"""

import math

import torch.nn.functional as F
from torch import Tensor, nn

from duetto.layers.attention import EncoderShape, RelativeEncoder
from duetto.layers.wavenet import WaveNet

PITCH_CLASSES = 256  # coarse pitch on the mel scale, 1 = unvoiced or lowest, upstream RVC
PRIOR_LEAKY_SLOPE = 0.1  # upstream RVC
WAVENET_KERNEL_SIZE = 5  # VITS


class PriorEncoder(nn.Module):
    """Mean and log standard deviation of the prior for every frame.

    Args:
        content_dimension: Width D of the content frames.
        latent_channels: Width of the latent.
        shape: Size of the transformer.
        uses_f0: Whether pitch classes are read.
    """

    def __init__(self, content_dimension: int, latent_channels: int, shape: EncoderShape, uses_f0: bool) -> None:
        super().__init__()
        self.scale = math.sqrt(shape.channels)
        self.content_projection = nn.Linear(content_dimension, shape.channels)
        self.pitch_embedding = nn.Embedding(PITCH_CLASSES, shape.channels) if uses_f0 else None
        self.encoder = RelativeEncoder(shape)
        self.projection = nn.Conv1d(shape.channels, 2 * latent_channels, 1)

    def forward(self, content: Tensor, pitch_coarse: Tensor | None, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation, 0 in padding.

        Args:
            content: (B, T, D).
            pitch_coarse: Pitch class 1..255, (B, T), int64; None without pitch.
            mask: (B, 1, T).

        Returns:
            Two of (B, latent_channels, T).
        """
        frames = self.content_projection(content)
        if self.pitch_embedding is not None:
            frames = frames + self.pitch_embedding(pitch_coarse)
        frames = F.leaky_relu(frames * self.scale, PRIOR_LEAKY_SLOPE).transpose(1, 2)  # (B, H, T)
        statistics = self.projection(self.encoder(frames * mask, mask)) * mask
        mean, log_std = statistics.chunk(2, dim=1)
        return mean, log_std


class PosteriorEncoder(nn.Module):
    """Mean and log standard deviation of the latent of a spectrogram."""

    def __init__(
        self,
        spectrogram_channels: int,
        latent_channels: int,
        hidden_channels: int,
        num_layers: int,
        speaker_channels: int,
    ) -> None:
        super().__init__()
        self.input_projection = nn.Conv1d(spectrogram_channels, hidden_channels, 1)
        self.wavenet = WaveNet(hidden_channels, WAVENET_KERNEL_SIZE, num_layers, speaker_channels)
        self.projection = nn.Conv1d(hidden_channels, 2 * latent_channels, 1)

    def forward(self, spectrogram: Tensor, mask: Tensor, speaker: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation, 0 in padding.

        Args:
            spectrogram: Linear magnitudes, (B, F, T).
            mask: (B, 1, T).
            speaker: (B, speaker_channels, 1).

        Returns:
            Two of (B, latent_channels, T).
        """
        hidden = self.input_projection(spectrogram) * mask
        statistics = self.projection(self.wavenet(hidden, mask, speaker)) * mask
        mean, log_std = statistics.chunk(2, dim=1)
        return mean, log_std
