"""Half precision under manual optimisation: autocast around a step, and in float16 a gradient scaler per optimiser.

Lightning's 16-mixed shares one scaler between all optimisers, so an overflow of the discriminator's gradients would
also rescale the generator's. Spectrograms and losses always stay in float32.
"""

from typing import Any

import torch
from torch.amp import GradScaler

from duetto.training.hardware import LightningPrecision

AUTOCAST_TYPES = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
SMALLEST_SCALE = 2.0**-10  # of the loss; an overflow at this scale is not caused by scaling


class Precision:
    """The number type that a step computes in.

    Args:
        name: As `Hardware.precision`.
        accelerator: Device type, cpu or cuda.
    """

    def __init__(self, name: LightningPrecision = "32-true", accelerator: str = "cpu") -> None:
        self.dtype = AUTOCAST_TYPES.get(name)
        self.accelerator = accelerator
        self._scalers: list[GradScaler] = []

    @property
    def is_scaled(self) -> bool:
        """Whether gradients need a scaler: only in float16."""
        return self.dtype is torch.float16

    def autocast(self) -> torch.autocast:
        """Context manager for a step."""
        return torch.autocast(self.accelerator, dtype=self.dtype, enabled=self.dtype is not None)

    def float32(self) -> torch.autocast:
        """Context manager for parts of a step that stay in float32."""
        return torch.autocast(self.accelerator, enabled=False)

    def scaler(self, number: int) -> GradScaler:
        """The scaler of optimiser `number`, counted from 0; it does nothing except in float16."""
        while len(self._scalers) <= number:
            self._scalers.append(GradScaler(self.accelerator, enabled=self.is_scaled))
        return self._scalers[number]

    def state_dict(self) -> list[dict[str, Any]]:
        """Scales and growth trackers as plain numbers."""
        return [scaler.state_dict() for scaler in self._scalers]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Restore stored scales; a run that resumes in another precision starts with new ones."""
        for number, state in enumerate(states if self.is_scaled else []):
            if state:
                self.scaler(number).load_state_dict(state)
