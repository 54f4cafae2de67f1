"""What one file of metrics is made of: its rows of the table, and what computes them.

A file computes in one way or in several, and each is handed what it may look at: two recordings of the same score,
one recording by itself, or a whole song after all of that. Scores are keyed by family where the same is measured at
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

Phones = tuple[str, ...]  # names, as a recogniser hears them
Scores = dict[str, float]


@dataclass(frozen=True)
class ReferenceAnalysis:
    """The two recordings that a conversion lies between, analysed, and their scores."""

    source: AnalysedAudio  # at the target's pitch
    against: AnalysedAudio  # the reference; without one the source
    has_reference: bool  # False: the source stands in for it, and pitch scores are diagnostics
    phones: Phones | None  # heard in the reference; None = nobody listened for phones
    scores: Scores  # of source and reference, by metric name


@dataclass(frozen=True)
class Comparison:
    """An estimate and what it is held against: the reference, or the transposed source where there is none."""

    reference: AnalysedAudio
    estimate: AnalysedAudio  # as long as the reference, on its frames
    boundaries_s: tuple[float, ...] | None  # between the reference's phones; None = not known


@dataclass(frozen=True)
class Alone:
    """A recording by itself; notes and harmonics are the reference's."""

    audio: AnalysedAudio
    notes: list[Span]  # held notes of the reference
    reference_f0_hz: FloatArray  # (T,), Hz


@dataclass(frozen=True)
class ScoredSong:
    """A song after everything was compared and described."""

    files: SongFiles
    reference: ReferenceAnalysis
    analysed: dict[str, AnalysedAudio]  # output, and copy synthesis where there is one
    instruments: Instruments
    scores: Scores  # so far, by metric name
    source_info: AudioInfo
    output: Waveform  # (S,), as it lies in its file
    output_rate: int  # Hz

    @property
    def heard(self) -> AnalysedAudio:
        """The output as the metrics see it."""
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
        """Whether comparing makes no sense against the source instead."""
        return not all(metric.is_diagnostic for metric in self.metrics if metric.place == "output")
