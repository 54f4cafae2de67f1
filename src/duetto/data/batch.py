"""The batch: every field that training sees, with its shape and unit, written once.

Letters: B examples, T frames, S = T * hop_length samples, D content width.
"""

from dataclasses import dataclass, fields

import torch

from duetto.data.share import Share


@dataclass(frozen=True)
class Batch:
    """Aligned crops of clips; frame t is centred at sample (t + 0.5) * hop_length."""

    content: torch.Tensor  # (B, T, D) float32, content frames
    f0_hz: torch.Tensor  # (B, T) float32, Hz, 0.0 = unvoiced
    pitch_coarse: torch.Tensor  # (B, T) int64, 1..255, 1 = unvoiced
    waveform: torch.Tensor  # (B, S) float32, +-1.0
    lengths: torch.Tensor  # (B,) int64, frames that are not padding
    speaker_id: torch.Tensor  # (B,) int64
    clip_ids: tuple[str, ...]  # where each example of the step comes from, those of other processes included
    share: Share  # which of the step's examples these are

    def to(self, device: torch.device) -> "Batch":
        """The same batch on a device."""
        moved = {
            item.name: getattr(self, item.name).to(device, non_blocking=True)
            for item in fields(self)
            if item.name not in ("clip_ids", "share")
        }
        return Batch(**moved, clip_ids=self.clip_ids, share=self.share)
