"""The converter is put to the test: held-out songs are converted, and every file goes to evaluation."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from duetto.conversion.converter import ConversionRequest, Converter
from duetto.conversion.peak import limit_peak
from duetto.corpus.manifest import Clip
from duetto.data.dataset import whole_clip
from duetto.evaluation.analysis.spectra import CONTOUR_HOP_S
from duetto.evaluation.metrics.memory import UNKNOWN_MEMORY, MemoryWatch, PeakMemory
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.evaluation.reference import Instruments, ReferenceAnnotations, ReferenceStore
from duetto.evaluation.suite import SongFiles, score_run, score_song
from duetto.features.content import build_encoder
from duetto.features.extract import analyse
from duetto.features.f0 import build_f0_extractor
from duetto.progress import ReportProgress
from duetto.runs.prepare import PreparedData
from duetto.settings.config import EvalConfig, RetrievalConfig
from duetto.settings.run_config import TrainConfig
from duetto.singer.annotations import load_annotations
from duetto.storage.audio import Waveform, read_audio, write_audio
from duetto.storage.files import sha256_file, write_json
from duetto.storage.fingerprint import Fingerprint, fingerprint
from duetto.training.module import TrainingModule
from duetto.voices.load import build_converter

SONGS_FOLDER = "songs"
METRICS_NAME = "metrics.json"
CURVE_METRICS = (
    "mcd_output",
    "mcd_source",
    "mcd_copy_synthesis",
    "mcd_gap_closed",
    "mcd_distance_closed",
    "f0_rmse_cents",
    "voicing_error",
    "speaker_similarity",
    "mel_distance",
    "modulation_distance",
    "hole_fraction",
    "log_kurtosis_ratio",
    "comb_index",
    "harmonics_to_noise",
    "dip_rate",
    "held_pitch_deviation",
    "island_rate",
)
SCORING = ("duetto.evaluation.suite", "duetto.voices.load")  # the modules that score, and those that convert
OTHER_STAGES = ("duetto.corpus", "duetto.training", "duetto.data")
EXCERPT_S = 8.0  # of the validation song, scored while training
REFERENCES_FOLDER = "references"  # beside corpora and features


def evaluation_signature(config: EvalConfig, weights: Path) -> str:
    """Digest of all that moves the scores: evaluation settings, the weights, and the code that converts and scores."""
    return scores_from(config, weights).digest[:10]


def scores_from(config: EvalConfig, weights: Path) -> Fingerprint:
    """What the scores of a voice are made of."""
    return fingerprint(config, {"weights": sha256_file(weights)}, SCORING, beyond=OTHER_STAGES)


def run_test(
    converter: Converter,
    prepared: PreparedData,
    config: EvalConfig,
    folder: Path,
    report: ReportProgress,
    can_convert: bool = True,
    references: ReferenceStore | None = None,
) -> dict[str, Any]:
    """Convert and score the test songs; write songs/ and metrics.json. A vocoder rebuilds the reference instead.

    Returns:
        The metrics: per song, mean, number scored and number undefined.
    """
    pairs = prepared.pairs("test", can_convert) or prepared.pairs(
        "val", can_convert
    )  # a folder of one or two files has no test split
    if config.max_songs:
        pairs = pairs[: config.max_songs]
    songs = []
    for number, (source, reference) in enumerate(pairs):
        report(f"Converting {source.song}", number, len(pairs))
        songs.append(convert_pair(converter, prepared, (source, reference), config, folder / SONGS_FOLDER))
    report("Scoring", 0, len(pairs))
    metrics = score_run(songs, report, references=references)
    write_json(folder / METRICS_NAME, metrics)
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
    return replace(files, annotations=annotations_of(prepared.folder, reference))


def annotations_of(folder: Path, clip: Clip) -> ReferenceAnnotations | None:
    """Where one sung phone of a clip becomes the next, and its melody; None for a clip without labels.

    Raises:
        CorpusError: If the labels are missing or damaged.
    """
    if clip.annotations is None:
        return None
    annotations, start_s = load_annotations(folder / clip.annotations), clip.start / clip.sample_rate
    at_s = start_s + np.arange(int(clip.duration_s / CONTOUR_HOP_S) + 1) * CONTOUR_HOP_S
    melody = np.append(annotations.f0_hz, 0.0)  # unvoiced from its end on
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
    )


def make_request(transpose_semitones: float, config: EvalConfig, speaker_id: int) -> ConversionRequest:
    """What the evaluation settings ask, at an interval."""
    return ConversionRequest(
        transpose_semitones=transpose_semitones,
        speaker_id=speaker_id,
        retrieval=config.retrieval,
        diffusion=config.diffusion,
        chunk_s=config.chunk_s,
        seed=config.seed,
    )


class ValidationSong:
    """An excerpt of a validation song, converted and scored at intervals while training."""

    def __init__(self, config: TrainConfig, prepared: PreparedData, pair: tuple[Clip, Clip], folder: Path) -> None:
        self.config = config
        self.source, self.reference = pair
        self.speaker_id = prepared.speaker_id(self.reference.singer)
        self.place = folder / "heldout"
        rate = config.features.sample_rate
        self.waveforms = {
            "source": excerpt(read_audio(prepared.folder / self.source.path, rate)[0], rate),
            "reference": excerpt(read_audio(prepared.folder / self.reference.path, rate)[0], rate),
        }
        self.content_encoder = build_encoder(config.features.content)
        self.instruments = Instruments(SpeakerEncoder())
        self.references = ReferenceStore(Path(config.data.root) / REFERENCES_FOLDER)
        hop = config.features.hop_length
        whole = self.waveforms["reference"][: len(self.waveforms["reference"]) // hop * hop]
        frames = analyse(whole, config.features, self.content_encoder, build_f0_extractor(config.features.f0))
        self.reference_batch = whole_clip(self.reference.id, frames)

    def evaluate(self, module: TrainingModule) -> dict[str, float]:
        """Convert with the weights of this moment and score, retrieval left out; and the validation losses."""
        features, model = self.config.features, self.config.model
        converter = build_converter(module.voice_network(), model, features, None, self.content_encoder)
        settings = replace(self.config.eval, retrieval=RetrievalConfig(index_rate=0.0))
        request = make_request(self.source.transpose_semitones, settings, self.speaker_id)
        output = converter.convert(self.waveforms["source"], request)
        copy_synthesis = converter.copy_synthesise(self.waveforms["reference"], request)
        waveforms = {**self.waveforms, "output": output.waveform, "copy_synthesis": copy_synthesis.waveform}
        for name, waveform in waveforms.items():
            write_audio(self.place / f"{name}.wav", limit_peak(waveform)[0], features.sample_rate)
        files = song_files(self.place, self.source, output.seconds)
        scores = score_song(files, self.instruments, self.references)
        losses = module.validate_on(self.reference_batch.to(module.device))
        return {**{name: scores[name] for name in CURVE_METRICS if name in scores}, **losses}


def excerpt(waveform: Waveform, sample_rate: int) -> Waveform:
    """The first seconds of a song."""
    return waveform[: int(EXCERPT_S * sample_rate)]
