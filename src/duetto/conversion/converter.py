"""The one interface through which every architecture converts.

Conventions: a converter takes a mono waveform (S,) at its own sample rate and gives exactly S
samples back; nothing is shifted in time.
"""

from dataclasses import dataclass, field
from typing import Protocol

from duetto.audio import Waveform
from duetto.config import RetrievalConfig


@dataclass(frozen=True)
class ConversionRequest:
    """What is asked of a conversion."""

    transpose_semitones: float = 0.0
    speaker_id: int = 0
    retrieval: RetrievalConfig = field(default_factory=RetrievalConfig)
    chunk_s: float = 20.0  # longest piece converted at once
    seed: int = 0


@dataclass(frozen=True)
class Conversion:
    """What came of it."""

    waveform: Waveform  # (S,), as long as the source
    num_chunks: int
    seconds: float  # wall time, features included
    gain_db: float  # 0.0, or what was taken off to keep the peak below full scale


class Converter(Protocol):
    """A trained voice, ready to sing."""

    sample_rate: int

    def convert(self, waveform: Waveform, request: ConversionRequest) -> Conversion:
        """Sing a source (S,) with the target voice; (S,) comes back."""
        ...

    def resynthesise(self, waveform: Waveform, request: ConversionRequest) -> Conversion:
        """Pass the target's own audio through the vocoder alone: the best this model could do."""
        ...
