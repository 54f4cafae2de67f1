"""Mixdown to one channel: a chosen one, or the mean."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from duetto.corpus.manifest import Dropped
from duetto.preprocess.segment import Drops, Segment, Segments
from duetto.settings.config import require
from duetto.units import amplitude_to_db

CHOICES = ("mean", "left", "right", "loudest")
CANCELLED_DB = 10.0  # a mean this far below the loudest channel: the channels are not in phase


@dataclass(frozen=True)
class Mono:
    """The mean of the channels, or one of them; mono audio is left unchanged."""

    needs_channels: ClassVar[bool] = True

    choice: str = "mean"  # mean | left | right | loudest

    def __post_init__(self) -> None:
        """Refuse an unknown choice."""
        require(self.choice in CHOICES, f"preprocess.mono.choice={self.choice}: expected {', '.join(CHOICES)}.")

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Mix down every segment; lengths are unchanged. A remark reports channels that cancel each other."""
        if not segments or all(len(segment.channels) == 1 for segment in segments):
            return segments, ()
        powers = sum(np.sum(np.square(segment.channels, dtype=np.float64), axis=1) for segment in segments)
        loudest = int(np.argmax(powers))
        if self.choice != "mean":
            channel = {"left": 0, "right": 1, "loudest": loudest}[self.choice]
            return tuple(segment.with_waveform(segment.channels[channel]) for segment in segments), ()
        mixed = tuple(segment.mixed() for segment in segments)
        return mixed, _cancellation(mixed, float(np.max(powers)))


def _cancellation(mixed: tuple[Segment, ...], loudest_power: float) -> Drops:
    power = sum(float(np.sum(np.square(segment.waveform, dtype=np.float64))) for segment in mixed)
    if loudest_power <= 0:
        return ()
    lost_db = -float(amplitude_to_db(float(np.sqrt(power / loudest_power))))
    if lost_db < CANCELLED_DB:
        return ()
    return (Dropped(mixed[0].clip_id, 0.0, f"channels cancel: their mean lies {lost_db:.0f} dB below the louder one"),)
