"""Pitch as an input of a network, without steps between neighbouring pitches."""

import torch
from torch import Tensor, nn

MEL_SCALE_HZ = 700.0  # O'Shaughnessy's mel scale: 1127 ln(1 + f / 700)


class ContinuousPitch(nn.Module):
    """Log frequency and voicing through one linear layer: no steps between neighbouring pitches."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.projection = nn.Linear(2, channels)

    def forward(self, f0_hz: Tensor) -> Tensor:
        """(B, T) -> (B, T, H)."""
        voiced = (f0_hz > 0).to(f0_hz.dtype)
        return self.projection(torch.stack([(1 + f0_hz / MEL_SCALE_HZ).log(), voiced], dim=-1))
