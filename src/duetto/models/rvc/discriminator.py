"""The jury of waveform judges that RVC trains against.

Reference: Kong et al., "HiFi-GAN", 2020, section 2.3; upstream RVC keeps one scale discriminator and adds periods.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from duetto.models.layers.discriminators import PeriodDiscriminator, ScaleDiscriminator


class MultiPeriodDiscriminator(nn.Module):
    """One scale discriminator, then one period discriminator for every period.

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
        """Opinions on a waveform.

        Args:
            waveform: (B, 1, S).

        Returns:
            Scores of every discriminator, (B, positions) each (1 = real, 0 = generated), and its feature maps.
        """
        opinions = [discriminator(waveform) for discriminator in self.discriminators]
        return [scores for scores, _ in opinions], [feature_maps for _, feature_maps in opinions]
