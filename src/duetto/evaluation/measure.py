"""The interface of a file of metrics: its rows of the table, and the functions that compute them.

A file has up to three functions: one that compares two recordings of the same score, one that describes a recording by
itself, and one that draws conclusions from a whole song after that. Scores are keyed by family if they are measured at
several places (output, bounds), else by the metric's name. An undefined score is NaN.
"""

from collections.abc import Callable
from dataclasses import dataclass

from duetto.evaluation.analysis.audio import AnalysedAudio
from duetto.evaluation.analysis.world import FloatArray
from duetto.evaluation.inputs import Instruments, SongFiles
from duetto.evaluation.metric import Metric
from duetto.spans import Span
from duetto.storage.audio import Waveform
from duetto.storage.audio_file import AudioInfo

Phones = tuple[str, ...]  # names of recognised phones
Scores = dict[str, float]


@dataclass(frozen=True)
class ReferenceAnalysis:
    """Analysed source and reference, and their scores."""

    source: AnalysedAudio  # at the target's pitch
    against: AnalysedAudio  # the reference, or the source if there is none
    has_reference: bool  # False: the source replaces it, and pitch scores are diagnostics
    phones: Phones | None  # recognised in the reference; None = no recogniser
    scores: Scores  # of source and reference, by metric name


@dataclass(frozen=True)
class Comparison:
    """An estimate and the recording it is compared with: the reference, or else the transposed source."""

    reference: AnalysedAudio
    estimate: AnalysedAudio  # as long as the reference, on its frames
    boundaries_s: tuple[float, ...] | None  # between the reference's phones; None = unknown


@dataclass(frozen=True)
class Alone:
    """A recording by itself; notes and harmonics are the reference's."""

    audio: AnalysedAudio
    notes: list[Span]  # held notes of the reference
    reference_f0_hz: FloatArray  # (T,), Hz
    frame_rate_hz: float  # of the conversion's mel or spectrogram


@dataclass(frozen=True)
class ScoredSong:
    """A song after all comparisons and descriptions."""

    files: SongFiles
    reference: ReferenceAnalysis
    analysed: dict[str, AnalysedAudio]  # output, and copy synthesis if there is one
    instruments: Instruments
    scores: Scores  # so far, by metric name
    source_info: AudioInfo
    output: Waveform  # (S,), as in its file
    output_rate: int  # Hz

    @property
    def heard(self) -> AnalysedAudio:
        """The analysed output."""
        return self.analysed["output"]


@dataclass(frozen=True)
class Measure:
    """One file of metrics, as the registry lists it."""

    metrics: tuple[Metric, ...]  # rows of the table, in their order
    compare: Callable[[Comparison], Scores] | None = None  # by family
    describe: Callable[[Alone], Scores] | None = None  # by family
    conclude: Callable[[ScoredSong], Scores] | None = None  # by metric name

    @property
    def needs_reference(self) -> bool:
        """Whether a comparison with the source instead would be meaningless."""
        return not all(metric.is_diagnostic for metric in self.metrics if metric.place == "output")
