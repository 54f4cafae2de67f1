"""The response of each metric to each degradation, which shows when a metric can be trusted."""

from dataclasses import dataclass, replace

from duetto.corpus.embedded_cases.songs import load_song
from duetto.evaluation.analysis.audio import AnalysedAudio, analyse, analyse_alone, fit_length
from duetto.evaluation.analysis.held import held_notes
from duetto.evaluation.analysis.pitch import track_f0
from duetto.evaluation.analysis.spectra import SAMPLE_RATE
from duetto.evaluation.analysis.world import FloatArray
from duetto.evaluation.families import compare, describe
from duetto.evaluation.inputs import FRAME_RATE_HZ
from duetto.evaluation.measure import Scores
from duetto.evaluation.models.predictor import QualityPredictor
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.evaluation.sensitivity.degradations import DEGRADATIONS, Degradation
from duetto.progress import ReportProgress
from duetto.singer.sing import sing
from duetto.singer.voices import get_voice
from duetto.storage.audio import Waveform, resample

SONG, VOICE = "slow_02", "mei"
NUM_NOTES = 10
TRANSPOSED = -13.0  # semitones: below 300 Hz, where formants can be read


@dataclass(frozen=True)
class DegradationScores:
    """The scores of one degradation at each dose."""

    degradation: Degradation
    scores: tuple[Scores, ...]  # by family, one per dose, in order


@dataclass(frozen=True)
class CleanExcerpt:
    """A clean recording with everything that scoring against it needs."""

    audio: AnalysedAudio
    f0_hz: FloatArray  # (T,)
    boundaries_s: tuple[float, ...]
    encoder: SpeakerEncoder
    predictor: QualityPredictor | None

    def score(self, waveform: Waveform) -> Scores:
        """Scores of a degraded version of the clip, by family; undefined scores are NaN."""
        num_samples = self.audio.waveform.size
        estimate = analyse(waveform, None, num_samples, self.f0_hz, self.encoder)
        scores = compare(self.audio, estimate, has_reference=True, boundaries_s=self.boundaries_s)
        whole = analyse_alone(waveform, estimate.f0_hz) if waveform.size > num_samples else estimate
        scores |= describe(whole, held_notes(self.f0_hz), self.f0_hz, FRAME_RATE_HZ)
        if self.predictor is not None:
            scores["predicted_quality"] = self.predictor.predict(waveform, SAMPLE_RATE)
        return scores


def make_clip(
    waveform: Waveform,
    boundaries_s: tuple[float, ...],
    encoder: SpeakerEncoder,
    predictor: QualityPredictor | None = None,
) -> CleanExcerpt:
    """Analyse a clean recording (S,) at 24 kHz."""
    f0_hz = track_f0(waveform, SAMPLE_RATE)
    audio = analyse(fit_length(waveform, waveform.size), f0_hz, waveform.size, f0_hz, encoder)
    return CleanExcerpt(audio, f0_hz, boundaries_s, encoder, predictor)


def sung_excerpt() -> tuple[Waveform, tuple[float, ...]]:
    """An embedded singer's first phrases of a slow song, (S,) at 24 kHz, and the boundaries of its phones, s."""
    song = load_song(SONG)
    score = replace(song, notes=song.notes[:NUM_NOTES])
    rendition = sing(score, get_voice(VOICE), seed=1, transpose_semitones=TRANSPOSED)
    last = round(float(rendition.annotations.note_end_s[-1] + 0.5) * rendition.sample_rate)
    waveform = resample(rendition.waveform[:last], rendition.sample_rate, SAMPLE_RATE)
    return waveform, rendition.annotations.boundaries_s


def sensitivity(
    clip: CleanExcerpt, report: ReportProgress | None = None
) -> tuple[Scores, tuple[DegradationScores, ...]]:
    """Scores of the clean clip against itself, and of every degradation in every dose.

    Args:
        clip: The clip to degrade.
        report: Called with (degradation, number done, number in all).
    """
    clean = clip.score(clip.audio.waveform)
    rows = []
    for number, degradation in enumerate(DEGRADATIONS):
        if report is not None:
            report(degradation.name, number, len(DEGRADATIONS))
        doses = (degradation.apply(clip.audio.waveform, dose) for dose in degradation.doses)
        rows.append(DegradationScores(degradation, tuple(clip.score(waveform) for waveform in doses)))
    return clean, tuple(rows)
