"""Score one song: its files in, a number for every row of the table of metrics out.

Everything is compared at 24 kHz on a 5 ms grid, so scores of different model sizes are comparable.
The source is transposed to the target's pitch before it is a bound; its properties by itself (harmonicity,
movement of held notes) are measured as it was sung. Without the reference, pitch is measured against the transposed
source contour and labelled a diagnostic, and comparisons of sound are undefined.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from duetto.evaluation.analysis.audio import AnalysedAudio, analyse
from duetto.evaluation.analysis.held import held_notes
from duetto.evaluation.analysis.levels import clipped_share, dc_offset, length_error_samples, peak_level
from duetto.evaluation.analysis.spectra import SAMPLE_RATE
from duetto.evaluation.bounds import gap_closed
from duetto.evaluation.families import melody_scores, properties, scores_against_reference, timbre_distance
from duetto.evaluation.metrics.memory import UNKNOWN_MEMORY, PeakMemory
from duetto.evaluation.metrics.speed import real_time_factor
from duetto.evaluation.models.intelligibility import PhoneRecogniser, Phones, error_rate
from duetto.evaluation.models.speaker import embedding_similarity
from duetto.evaluation.reference import (
    Instruments,
    ReferenceAnalysis,
    ReferenceAnnotations,
    ReferenceStore,
    Scores,
    analyse_reference,
    at_place,
    read,
)
from duetto.evaluation.registry import METRICS, place_name
from duetto.storage.audio import read_audio, read_info


@dataclass(frozen=True)
class SongFiles:
    """The files of one converted song; they start together and last equally long."""

    song: str
    source_name: str  # who sings the source
    source: Path
    output: Path
    reference: Path | None  # the target singing the same score
    copy_synthesis: Path | None  # the reference through the vocoder
    transpose_semitones: float  # that the conversion was asked for
    conversion_seconds: float | None  # wall time
    annotations: ReferenceAnnotations | None = None  # what the reference's singer knows of it; None = no labels
    peak_memory: PeakMemory = UNKNOWN_MEMORY  # of the conversion


def score_song(files: SongFiles, instruments: Instruments, references: ReferenceStore | None = None) -> Scores:
    """All metrics of one song, keyed by `METRICS` names; an undefined one is NaN.

    Args:
        files: Where the song is.
        instruments: What listens.
        references: Where what does not depend on the conversion is kept; None = it is made here.

    Raises:
        AudioError: If a file is missing or unreadable.
        StorageError: If references cannot be kept.
    """
    analysis = analyse_reference if references is None else references.get
    reference = analysis(files.source, files.reference, files.transpose_semitones, files.annotations, instruments)
    boundaries_s = None if files.annotations is None else files.annotations.boundaries_s
    analysed = {"output": _heard(files.output, reference, instruments)}
    if reference.has_reference and files.copy_synthesis is not None:
        analysed["copy_synthesis"] = _heard(files.copy_synthesis, reference, instruments)
    scores = {metric.name: math.nan for metric in METRICS} | reference.scores
    for place, audio in analysed.items():
        scores |= at_place(_place_scores(audio, reference, boundaries_s), place)
    if not reference.has_reference:
        scores |= {metric.name: math.nan for metric in METRICS if metric.needs_reference and not metric.is_diagnostic}
    output = analysed["output"]
    if instruments.predictor is not None:
        scores |= at_place({"predicted_quality": instruments.predictor.predict(output.waveform, SAMPLE_RATE)}, "output")
    if reference.has_reference:
        scores["speaker_similarity_to_source"] = embedding_similarity(reference.source.embedding, output.embedding)
    if reference.phones is not None and instruments.recogniser is not None:
        scores |= _phone_errors(reference.phones, analysed, instruments.recogniser)
    scores["mcd_output_to_source"] = timbre_distance(reference.source, output)
    return scores | _closed(scores) | _facts(files)


def _heard(path: Path, reference: ReferenceAnalysis, instruments: Instruments) -> AnalysedAudio:
    """A file as the reference's listener hears it."""
    against = reference.against
    encoder = instruments.encoder if reference.has_reference else None
    return analyse(read(path), None, against.waveform.size, against.f0_hz, encoder)


def _place_scores(audio: AnalysedAudio, reference: ReferenceAnalysis, boundaries_s: tuple[float, ...] | None) -> Scores:
    """Of one recording, by family: its melody, its sound, what it shows by itself."""
    against = reference.against
    scores = melody_scores(against, audio)
    if reference.has_reference:
        scores |= scores_against_reference(against, audio, boundaries_s)
    return scores | properties(audio, held_notes(against.f0_hz), against.f0_hz)


def _phone_errors(wanted: Phones, analysed: dict[str, AnalysedAudio], recogniser: PhoneRecogniser) -> Scores:
    """Phones heard otherwise than in the reference, by metric name, and how far the output lies above its bound."""
    errors = {
        place: error_rate(wanted, recogniser.recognise(audio.waveform, SAMPLE_RATE))
        for place, audio in analysed.items()
    }
    excess = errors["output"] - errors.get("copy_synthesis", math.nan)
    return {"phone_error_excess": excess, **{place_name("phone_error", place): e for place, e in errors.items()}}


def _closed(scores: Scores) -> Scores:
    """Share of the gap between the bounds that was closed, for each distance; and without the vocoder's bound."""
    closed = {"mcd_distance_closed": gap_closed(scores["mcd_source"], scores["mcd_output"], 0.0)}
    for name in (metric.name for metric in METRICS if metric.name.endswith("_gap_closed")):
        family = name.removesuffix("_gap_closed")
        source, output, best = (scores[place_name(family, place)] for place in ("source", "output", "copy_synthesis"))
        closed[name] = gap_closed(source, output, best)
    return closed


def _facts(files: SongFiles) -> Scores:
    source, output = read_info(files.source), read_info(files.output)
    waveform, _ = read_audio(files.output)
    return {
        "rtf": real_time_factor(files.conversion_seconds, source.duration_s),
        "peak_memory": files.peak_memory.process,
        "peak_gpu_memory": files.peak_memory.gpu,
        "peak": peak_level(waveform),
        "clipped_share": clipped_share(waveform),
        "dc_offset": dc_offset(waveform),
        "length_error_samples": float(length_error_samples(source, output)),
    }
