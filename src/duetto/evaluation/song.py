"""Scores one song: from its files to a number for every row of the table of metrics.

Everything is compared at 24 kHz on a 5 ms grid, so scores of different model sizes are comparable.
As a bound, the source is transposed to the target's pitch; its own properties (harmonicity, modulation of held notes)
are measured as it was sung. Without the reference, pitch is measured against the transposed source contour and labelled
a diagnostic, and comparisons of sound are undefined.
"""

import math

from duetto.evaluation.analysis.audio import AnalysedAudio, analyse
from duetto.evaluation.analysis.held import held_notes
from duetto.evaluation.analysis.spectra import SAMPLE_RATE
from duetto.evaluation.bounds import gap_closed
from duetto.evaluation.families import compare, describe
from duetto.evaluation.inputs import Instruments, SongFiles
from duetto.evaluation.measure import ReferenceAnalysis, ScoredSong, Scores
from duetto.evaluation.metric import place_name
from duetto.evaluation.reference import ReferenceStore, analyse_reference, at_place, read
from duetto.evaluation.registry import all_measures, all_metrics
from duetto.storage.audio import Waveform, read_info, resample
from duetto.storage.decoded import recall_audio


def score_song(files: SongFiles, instruments: Instruments, references: ReferenceStore | None = None) -> Scores:
    """All metrics of one song, keyed by their names in the table; undefined ones are NaN.

    Args:
        files: Of the song.
        instruments: The models that score.
        references: Cache of analysed references; None = the reference is analysed here.

    Raises:
        AudioError: If a file is missing or unreadable.
        StorageError: If the cache cannot be written.
    """
    analysis = analyse_reference if references is None else references.get
    reference = analysis(
        files.source, files.reference, files.transpose_semitones, files.annotations, instruments, files.frame_rate_hz
    )
    boundaries_s = None if files.annotations is None else files.annotations.boundaries_s
    output, rate = recall_audio(files.output)
    analysed = {"output": _heard(resample(output, rate, SAMPLE_RATE), reference, instruments)}
    if reference.has_reference and files.copy_synthesis is not None:
        analysed["copy_synthesis"] = _heard(read(files.copy_synthesis), reference, instruments)
    scores = {metric.name: math.nan for metric in all_metrics()} | reference.scores
    for place, audio in analysed.items():
        scores |= at_place(_place_scores(audio, reference, boundaries_s, files.frame_rate_hz), place)
    if not reference.has_reference:
        scores |= {
            metric.name: math.nan for metric in all_metrics() if metric.needs_reference and not metric.is_diagnostic
        }
    scores |= _gaps_closed(scores)
    song = ScoredSong(files, reference, analysed, instruments, scores, read_info(files.source), output, rate)
    for measure in all_measures():
        if measure.conclude is not None:
            scores |= measure.conclude(song)
    return scores


def _heard(waveform: Waveform, reference: ReferenceAnalysis, instruments: Instruments) -> AnalysedAudio:
    """Analyse a recording (S,) at 24 kHz in the same way as the reference."""
    against = reference.against
    encoder = instruments.encoder if reference.has_reference else None
    return analyse(waveform, None, against.waveform.size, against.f0_hz, encoder)


def _place_scores(
    audio: AnalysedAudio, reference: ReferenceAnalysis, boundaries_s: tuple[float, ...] | None, frame_rate_hz: float
) -> Scores:
    """Scores of one recording, by family: melody, sound, and its own properties."""
    against = reference.against
    scores = compare(against, audio, reference.has_reference, boundaries_s)
    return scores | describe(audio, held_notes(against.f0_hz), against.f0_hz, frame_rate_hz)


def _gaps_closed(scores: Scores) -> Scores:
    """Gap closed for each distance that has such a row in the table."""
    closed = {}
    for name in (metric.name for metric in all_metrics() if metric.name.endswith("_gap_closed")):
        family = name.removesuffix("_gap_closed")
        source, output, best = (scores[place_name(family, place)] for place in ("source", "output", "copy_synthesis"))
        closed[name] = gap_closed(source, output, best)
    return closed
