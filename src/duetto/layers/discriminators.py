"""Waveform discriminators: one over all samples, the others over every p-th sample, and their combination.

A discriminator returns a score map and all feature maps, the last of which is the score map.

References: period discriminator: Kong et al., "HiFi-GAN", 2020, section 2.3; scale discriminator: Kumar et al.,
"MelGAN", 2019, section 2.2. Layer sizes as in upstream RVC at `width` 1.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import gcd

import torch.nn.functional as F
from torch import Tensor, nn

from duetto.layers.residual import LEAKY_SLOPE
from duetto.layers.weight_norm import weight_normalised

SCALE_CHANNELS = (16, 64, 256, 1024, 1024, 1024)  # upstream RVC
PERIOD_CHANNELS = (32, 128, 512, 1024, 1024)  # upstream RVC
CHANNELS_PER_GROUP = 4  # grouped layers of the scale discriminator, upstream RVC


def scaled_channels(channels: int, width: float) -> int:
    """Channel count times `width`, at least 4, a multiple of 4."""
    return max(CHANNELS_PER_GROUP, round(channels * width / CHANNELS_PER_GROUP) * CHANNELS_PER_GROUP)


class ScaleDiscriminator(nn.Module):
    """Strided, grouped convolutions over the waveform; `width` scales all channels."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        sizes = [scaled_channels(channels, width) for channels in SCALE_CHANNELS]
        layers = [nn.Conv1d(1, sizes[0], 15, padding=7)]
        for wide, wider in pairwise(sizes[:-1]):
            groups = gcd(wide // CHANNELS_PER_GROUP, wider)
            layers.append(nn.Conv1d(wide, wider, 41, stride=4, groups=groups, padding=20))
        layers.append(nn.Conv1d(sizes[-2], sizes[-1], 5, padding=2))
        self.layers = nn.ModuleList(weight_normalised(layer) for layer in layers)
        self.output = weight_normalised(nn.Conv1d(sizes[-1], 1, 3, padding=1))

    def forward(self, waveform: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(B, 1, S) -> scores (B, positions), feature maps."""
        return _scores_and_maps(self.layers, self.output, waveform)


class PeriodDiscriminator(nn.Module):
    """Convolutions over every `period`-th sample; `width` scales all channels."""

    def __init__(self, period: int, width: float = 1.0) -> None:
        super().__init__()
        self.period = period
        sizes = [1, *(scaled_channels(channels, width) for channels in PERIOD_CHANNELS)]
        strides = [3] * (len(PERIOD_CHANNELS) - 1) + [1]
        self.layers = nn.ModuleList(
            weight_normalised(nn.Conv2d(wide, wider, (5, 1), stride=(stride, 1), padding=(2, 0)))
            for wide, wider, stride in zip(sizes[:-1], sizes[1:], strides, strict=True)
        )
        self.output = weight_normalised(nn.Conv2d(sizes[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, waveform: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(B, 1, S) -> scores (B, positions), feature maps. The end is mirrored to fill the last period."""
        padded = F.pad(waveform, (0, -waveform.shape[-1] % self.period), mode="reflect")
        return _scores_and_maps(self.layers, self.output, padded.unflatten(-1, (-1, self.period)))


class MultiPeriodDiscriminator(nn.Module):
    """One scale discriminator, then one period discriminator for every period, as in upstream RVC.

    Args:
        periods: In samples; upstream v1 2, 3, 5, 7, 11, 17, v2 also 23, 37.
        width: Factor on all channels, 1.0 = upstream.
    """

    def __init__(self, periods: Sequence[int], width: float = 1.0) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(
            [ScaleDiscriminator(width), *(PeriodDiscriminator(period, width) for period in periods)]
        )

    def forward(self, waveform: Tensor) -> tuple[list[Tensor], list[list[Tensor]]]:
        """Scores and feature maps of a waveform.

        Args:
            waveform: (B, 1, S).

        Returns:
            Scores of every discriminator, (B, positions) each (1 = real, 0 = generated), and its feature maps.
        """
        opinions = [discriminator(waveform) for discriminator in self.discriminators]
        return [scores for scores, _ in opinions], [feature_maps for _, feature_maps in opinions]


def _scores_and_maps(layers: nn.ModuleList, output: nn.Module, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    feature_maps = []
    for layer in layers:
        x = F.leaky_relu(layer(x), LEAKY_SLOPE)
        feature_maps.append(x)
    x = output(x)
    feature_maps.append(x)
    return x.flatten(1), feature_maps
