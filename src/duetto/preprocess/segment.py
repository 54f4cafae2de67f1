"""Input and output of a preprocessing step: stretches of one recording, and what was dropped.

A step is a frozen dataclass with typed parameters and a pure `apply`, which takes the segments of one clip and returns
segments and what it dropped; seconds in = seconds out + seconds dropped. An entry of 0 s is a remark: nothing is
missing, but the user should know about it (such as a limited gain). Segments are mono, (S,), except for steps whose
class sets `needs_channels = True`: they may get (channels, S), to make use of differences between channels. See
`pipeline`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast

import numpy as np

from duetto.corpus.manifest import Dropped
from duetto.storage.audio import Waveform


@dataclass(frozen=True)
class Origin:
    """Position of a clip in the recording that it was cut from."""

    song: str = ""  # the recording; empty = as the clip
    start_s: float = 0.0  # of the clip in the recording
    clip_s: float = math.inf  # length of the clip; inf = unknown


@dataclass(frozen=True)
class Segment:
    """A stretch of a clip."""

    waveform: Waveform  # (S,), or (channels, S) for steps that take channels
    sample_rate: int  # Hz
    clip_id: str
    start: int = 0  # offset in the clip, samples
    origin: Origin = Origin()

    @property
    def num_samples(self) -> int:
        """Length in samples."""
        return self.waveform.shape[-1]

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.num_samples / self.sample_rate

    @property
    def channels(self) -> Waveform:
        """The waveform as (channels, S), also if it is mono."""
        return np.atleast_2d(self.waveform)

    def with_waveform(self, waveform: Waveform) -> "Segment":
        """The same stretch with other samples; one channel of (1, S) becomes (S,)."""
        is_single = waveform.ndim == 2 and len(waveform) == 1
        return replace(self, waveform=waveform[0] if is_single else waveform)

    def mixed(self) -> "Segment":
        """The same stretch in mono: the mean of its channels, (S,)."""
        if self.waveform.ndim == 1:
            return self
        return replace(self, waveform=cast(Waveform, self.waveform.mean(axis=0, dtype=np.float32)))

    def cut(self, first: int, last: int) -> "Segment":
        """Samples `first` to `last` (one past the end) of this segment, with their offset."""
        return replace(self, waveform=self.waveform[..., first:last], start=self.start + first)


Segments = tuple[Segment, ...]
Drops = tuple[Dropped, ...]


class Step(Protocol):
    """A step: maps the segments of a clip to segments.

    Two things are optional: a class attribute `needs_channels` (see above) and, if the result depends on a file, a
    method `reads() -> str` with the digest of its content, so that a change of the file is noticed.
    """

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Segments after the step, and what it dropped."""


def takes_channels(step: Step) -> bool:
    """Whether a step can use more than one channel."""
    return bool(getattr(step, "needs_channels", False))


def what_a_step_reads(step: Step) -> str:
    """Digest of the files that a step reads; empty if there are none."""
    own = getattr(step, "reads", None)
    return str(own()) if own is not None else ""


def total_s(segments: Sequence[Segment]) -> float:
    """Sum of durations, s."""
    return sum(segment.duration_s for segment in segments)
