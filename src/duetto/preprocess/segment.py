"""What a preprocessing step takes and gives: stretches of one recording, and what was taken out.

A step is a frozen dataclass with typed parameters whose `apply` is pure. It gets the segments of
one clip and returns segments and losses; seconds in = seconds out + seconds lost. A loss of 0 s is
a remark: nothing went missing, but the user should know (a gain that was limited).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from duetto.audio import Waveform
from duetto.corpus.manifest import Loss


@dataclass(frozen=True)
class Segment:
    """A stretch of a clip."""

    waveform: Waveform  # (S,)
    sample_rate: int  # Hz
    clip_id: str
    start: int = 0  # offset in the clip, samples

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.waveform) / self.sample_rate

    def with_waveform(self, waveform: Waveform) -> "Segment":
        """The same stretch with other samples."""
        return replace(self, waveform=waveform)


Segments = tuple[Segment, ...]
Losses = tuple[Loss, ...]


class Step(Protocol):
    """Anything that turns the segments of a clip into segments."""

    def apply(self, segments: Segments) -> tuple[Segments, Losses]:
        """Segments after the step, and what it took out."""


def total_s(segments: Sequence[Segment]) -> float:
    """Sum of durations, s."""
    return sum(segment.duration_s for segment in segments)
