"""The discriminators of the vocoder: waveforms at three rates, and every p-th sample for seven periods.

References: Kong et al., "HiFi-GAN", 2020, section 2.3 (three scales and several periods); the periods are openvpi's.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from duetto.architectures.vocoder.shapes import PERIODS
from duetto.layers.discriminators import PeriodDiscriminator, ScaleDiscriminator

NUM_SCALES = 3  # HiFi-GAN: the waveform, half and a quarter of its rate


class VocoderDiscriminator(nn.Module):
    """Scale discriminators, then period discriminators.

    Args:
        periods: In samples.
        width: Factor on all channels.
    """

    def __init__(self, periods: Sequence[int] = PERIODS, width: float = 1.0) -> None:
        super().__init__()
        self.scales = nn.ModuleList(ScaleDiscriminator(width) for _ in range(NUM_SCALES))
        self.periods = nn.ModuleList(PeriodDiscriminator(period, width) for period in periods)

    def forward(self, waveform: Tensor) -> tuple[list[Tensor], list[list[Tensor]]]:
        """Scores and feature maps of a waveform.

        Args:
            waveform: (B, 1, S).

        Returns:
            Scores of every discriminator, (B, positions) each (1 = real, 0 = generated), and its feature maps.
        """
        opinions = []
        pooled = waveform
        for scale in self.scales:
            opinions.append(scale(pooled))
            pooled = F.avg_pool1d(pooled, 4, stride=2, padding=2)
        opinions += [period(waveform) for period in self.periods]
        return [scores for scores, _ in opinions], [feature_maps for _, feature_maps in opinions]
