"""The test: held-out songs are converted, and all files are evaluated."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from duetto.conversion.converter import ConversionRequest, Converter
from duetto.conversion.peak import limit_peak
from duetto.corpus.manifest import Clip
from duetto.evaluation.analysis.spectra import CONTOUR_HOP_S
from duetto.evaluation.inputs import UNKNOWN_MEMORY, PeakMemory, ReferenceAnnotations, SongFiles
from duetto.evaluation.metrics.memory import MemoryWatch
from duetto.evaluation.reference import ReferenceStore
from duetto.evaluation.suite import score_run
from duetto.progress import ReportProgress
from duetto.runs.prepare import PreparedData
from duetto.settings.config import EvalConfig
from duetto.singer.annotations import load_annotations
from duetto.storage.audio import read_audio, write_audio
from duetto.storage.files import write_json
from duetto.storage.run_folder import EvaluationFolder

REFERENCES_FOLDER = "references"  # next to corpora and features


def run_test(
    converter: Converter,
    prepared: PreparedData,
    config: EvalConfig,
    folder: EvaluationFolder,
    report: ReportProgress,
    can_convert: bool = True,
    references: ReferenceStore | None = None,
) -> dict[str, Any]:
    """Convert and score the test songs; write them and their scores. A vocoder does copy synthesis instead.

    Returns:
        The metrics: value per song, mean, number scored and number undefined.
    """
    pairs = prepared.pairs("test", can_convert) or prepared.pairs(
        "val", can_convert
    )  # a folder of one or two files has no test split
    if config.max_songs:
        pairs = pairs[: config.max_songs]
    songs = []
    for number, (source, reference) in enumerate(pairs):
        report(f"Converting {source.song}", number, len(pairs))
        songs.append(convert_pair(converter, prepared, (source, reference), config, folder.songs))
    report("Scoring", 0, len(pairs))
    metrics = score_run(songs, report, references=references)
    write_json(folder.metrics, metrics)
    return metrics


def convert_pair(
    converter: Converter, prepared: PreparedData, pair: tuple[Clip, Clip], config: EvalConfig, folder: Path
) -> SongFiles:
    """Write source, output, reference and copy synthesis of one test song at the model's sample rate."""
    source, reference = pair
    rate = converter.sample_rate
    place = folder / f"{source.song}__{source.singer}"
    source_waveform, _ = read_audio(prepared.folder / source.path, rate)
    reference_waveform, _ = read_audio(prepared.folder / reference.path, rate)
    request = make_request(source.transpose_semitones, config, prepared.speaker_id(reference.singer))
    with MemoryWatch() as memory:
        conversion = converter.convert(source_waveform, request)
    copy_synthesis = converter.copy_synthesise(reference_waveform, request)
    waveforms = {
        "source": source_waveform,
        "output": conversion.waveform,
        "reference": reference_waveform,
        "copy_synthesis": copy_synthesis.waveform,
    }
    for name, waveform in waveforms.items():
        write_audio(place / f"{name}.wav", limit_peak(waveform)[0], rate)
    files = song_files(place, source, conversion.seconds, memory.peak)
    annotations = annotations_of(prepared.folder, reference)
    return replace(files, annotations=annotations, frame_rate_hz=converter.frame_rate_hz)


def annotations_of(folder: Path, clip: Clip) -> ReferenceAnnotations | None:
    """Phone boundaries and melody of a clip; None for a clip without labels.

    Raises:
        CorpusError: If the labels are missing or damaged.
    """
    if clip.annotations is None:
        return None
    annotations, start_s = load_annotations(folder / clip.annotations), clip.start / clip.sample_rate
    at_s = start_s + np.arange(int(clip.duration_s / CONTOUR_HOP_S) + 1) * CONTOUR_HOP_S
    melody = np.append(annotations.f0_hz, 0.0)  # unvoiced after the end
    f0_hz = melody[np.minimum(np.rint(at_s / annotations.f0_hop_s).astype(int), annotations.f0_hz.size)]
    return ReferenceAnnotations(tuple(end_s - start_s for end_s in annotations.boundaries_s), f0_hz)


def song_files(place: Path, source: Clip, seconds: float | None, peak_memory: PeakMemory = UNKNOWN_MEMORY) -> SongFiles:
    """The four files of a converted song, as evaluation reads them."""
    return SongFiles(
        song=source.song,
        source_name=source.singer,
        source=place / "source.wav",
        output=place / "output.wav",
        reference=place / "reference.wav",
        copy_synthesis=place / "copy_synthesis.wav",
        transpose_semitones=source.transpose_semitones,
        conversion_seconds=seconds,
        peak_memory=peak_memory,
        text=source.text,
        language=source.language,
    )


def make_request(transpose_semitones: float, config: EvalConfig, speaker_id: int) -> ConversionRequest:
    """The conversion request of the evaluation settings, at a transposition."""
    return ConversionRequest(
        transpose_semitones=transpose_semitones,
        speaker_id=speaker_id,
        retrieval=config.retrieval,
        diffusion=config.diffusion,
        chunk_s=config.chunk_s,
        seed=config.seed,
    )
