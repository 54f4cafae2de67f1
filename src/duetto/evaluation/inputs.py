"""Inputs of the evaluation: the files of a song, the annotations of its reference, and the models that score."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from duetto.evaluation.analysis.world import FloatArray
from duetto.storage.files import sha256_json

if TYPE_CHECKING:  # networks, which the table of metrics does not need
    from duetto.evaluation.models.intelligibility import PhoneRecogniser
    from duetto.evaluation.models.predictor import QualityPredictor
    from duetto.evaluation.models.speaker import SpeakerEncoder
    from duetto.evaluation.models.whisper import WhisperRecogniser

FRAME_RATE_HZ = 100.0  # of conversions whose own is not known


@dataclass(frozen=True)
class PeakMemory:
    """Peak memory of a conversion, MiB; NaN where unknown."""

    process: float = math.nan
    gpu: float = math.nan


UNKNOWN_MEMORY = PeakMemory()


@dataclass(frozen=True)
class ReferenceAnnotations:
    """Phones and melody of a reference, known because its singer sang from a score."""

    boundaries_s: tuple[float, ...]  # between sung phones
    f0_hz: FloatArray  # (T,), every 5 ms, 0.0 where unvoiced

    def digest(self) -> str:
        """Digest of boundaries and melody."""
        return sha256_json([self.boundaries_s, self.f0_hz.round(3).tolist()])


@dataclass(frozen=True)
class SongFiles:
    """The files of one converted song, synchronous and equally long."""

    song: str
    source_name: str  # singer of the source
    source: Path
    output: Path
    reference: Path | None  # the target singing the same score
    copy_synthesis: Path | None  # the reference through the vocoder
    transpose_semitones: float  # requested for the conversion
    conversion_seconds: float | None  # wall time
    annotations: ReferenceAnnotations | None = None  # of the reference; None = it has none
    peak_memory: PeakMemory = UNKNOWN_MEMORY  # of the conversion
    frame_rate_hz: float = FRAME_RATE_HZ  # of the conversion's mel or spectrogram
    text: str | None = None  # what is said or sung; None = not known
    language: str | None = None  # of the text, such as en-us; None = English


@dataclass(frozen=True)
class Instruments:
    """The models that score; load them once and pass them around."""

    encoder: "SpeakerEncoder"
    predictor: "QualityPredictor | None" = None  # None leaves the predicted quality undefined
    recogniser: "PhoneRecogniser | None" = None  # None leaves the phone error undefined
    transcriber: "WhisperRecogniser | None" = None  # None leaves word and character error undefined
