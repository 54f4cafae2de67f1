"""Validation: an excerpt of a held-out song is converted and scored at intervals during training."""

from dataclasses import replace
from pathlib import Path

from duetto.conversion.peak import limit_peak
from duetto.corpus.manifest import Clip
from duetto.data.dataset import whole_clip
from duetto.evaluation.inputs import Instruments
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.evaluation.reference import ReferenceStore
from duetto.evaluation.song import score_song
from duetto.features.content import build_encoder
from duetto.features.extract import analyse
from duetto.features.f0 import build_f0_extractor
from duetto.runs.prepare import PreparedData
from duetto.runs.test import REFERENCES_FOLDER, make_request, song_files
from duetto.settings.config import RetrievalConfig
from duetto.settings.run_config import TrainConfig
from duetto.storage.audio import Waveform, read_audio, write_audio
from duetto.storage.run_folder import RunFolder
from duetto.training.module import TrainingModule
from duetto.voices.load import build_converter

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
EXCERPT_S = 8.0


class ValidationSong:
    """An excerpt of a validation song that is converted and scored at intervals during training."""

    def __init__(self, config: TrainConfig, prepared: PreparedData, pair: tuple[Clip, Clip], folder: Path) -> None:
        self.config = config
        self.source, self.reference = pair
        self.speaker_id = prepared.speaker_id(self.reference.singer)
        self.place = RunFolder(folder).validation
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
        """Convert with the current weights, without retrieval, and return the scores and the validation losses."""
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
        files = replace(files, frame_rate_hz=converter.frame_rate_hz)
        scores = score_song(files, self.instruments, self.references)
        losses = module.validate_on(self.reference_batch.to(module.device))
        return {**{name: scores[name] for name in CURVE_METRICS if name in scores}, **losses}


def excerpt(waveform: Waveform, sample_rate: int) -> Waveform:
    """The first seconds of a song."""
    return waveform[: int(EXCERPT_S * sample_rate)]
