"""An invertible map between the posterior's latent and the prior's, per speaker.

Reference: Kim et al., "VITS", 2021, section 2.1.2 and appendix B: affine couplings that only shift (volume-preserving),
with the channel order reversed between them.
"""

import torch
from torch import Tensor, nn

from duetto.architectures.rvc.encoders import WAVENET_KERNEL_SIZE
from duetto.layers.wavenet import WaveNet

NUM_COUPLINGS = 4  # VITS


class Coupling(nn.Module):
    """Shifts one half of the channels by a function of the other; starts as the identity."""

    def __init__(self, channels: int, hidden_channels: int, num_layers: int, speaker_channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.input_projection = nn.Conv1d(half, hidden_channels, 1)
        self.wavenet = WaveNet(hidden_channels, WAVENET_KERNEL_SIZE, num_layers, speaker_channels)
        self.output_projection = nn.Conv1d(hidden_channels, half, 1)
        nn.init.zeros_(self.output_projection.weight)
        nn.init.zeros_(self.output_projection.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, mask: Tensor, speaker: Tensor, reverse: bool) -> Tensor:
        """(B, C, T) -> (B, C, T)."""
        kept, shifted = x.chunk(2, dim=1)
        hidden = self.input_projection(kept) * mask
        shift = self.output_projection(self.wavenet(hidden, mask, speaker)) * mask
        moved = (shifted - shift) * mask if reverse else shift + shifted * mask
        return torch.cat([kept, moved], dim=1)


class Flow(nn.Module):
    """Couplings, each followed by a reversal of the channel order."""

    def __init__(self, channels: int, hidden_channels: int, num_layers: int, speaker_channels: int) -> None:
        super().__init__()
        self.couplings = nn.ModuleList(
            Coupling(channels, hidden_channels, num_layers, speaker_channels) for _ in range(NUM_COUPLINGS)
        )

    def forward(self, z: Tensor, mask: Tensor, speaker: Tensor, reverse: bool = False) -> Tensor:
        """Posterior latent to prior latent, or back.

        Args:
            z: (B, C, T).
            mask: (B, 1, T).
            speaker: (B, speaker_channels, 1).
            reverse: From the prior's latent to the posterior's (conversion).

        Returns:
            (B, C, T).
        """
        if reverse:
            for coupling in reversed(self.couplings):
                z = coupling(z.flip(1), mask, speaker, reverse=True)
            return z
        for coupling in self.couplings:
            z = coupling(z, mask, speaker, reverse=False).flip(1)
        return z
