"""Changes the sample rate; the remainder that does not fill a sample at the new rate is reported as dropped."""

from dataclasses import dataclass
from math import gcd
from typing import ClassVar

from duetto.corpus.manifest import Dropped
from duetto.preprocess.segment import Drops, Segment, Segments
from duetto.settings.config import require
from duetto.storage.audio import resample


@dataclass(frozen=True)
class Resample:
    """Resamples with soxr's very-high-quality filter."""

    needs_channels: ClassVar[bool] = True

    sample_rate: int = 44_100  # Hz

    def __post_init__(self) -> None:
        """Refuse rates out of range."""
        require(
            1_000 <= self.sample_rate <= 384_000,
            f"preprocess.resample.sample_rate={self.sample_rate}: expected 1000 to 384000 Hz.",
        )

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Resample every segment; up to a few milliseconds at the end of each are dropped by rounding."""
        resampled: list[Segment] = []
        dropped: list[Dropped] = []
        for segment in segments:
            unit = segment.sample_rate // gcd(segment.sample_rate, self.sample_rate)
            rest = segment.num_samples % unit
            if rest:
                reason = f"end of a clip that makes no whole sample at {self.sample_rate} Hz"
                dropped.append(Dropped(segment.clip_id, rest / segment.sample_rate, reason))
            if segment.num_samples > rest:
                resampled.append(self._resample(segment.cut(0, segment.num_samples - rest)))
        return tuple(resampled), tuple(dropped)

    def _resample(self, segment: Segment) -> Segment:
        start = round(segment.start * self.sample_rate / segment.sample_rate)
        waveform = resample(segment.waveform, segment.sample_rate, self.sample_rate)
        return Segment(waveform, self.sample_rate, segment.clip_id, start, segment.origin)
