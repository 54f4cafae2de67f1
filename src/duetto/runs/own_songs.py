"""Songs of the user's own, converted at each validation of a training, so that it can be heard (`validate_on`).

They have no reference, so they are never scored and decide nothing. A stretch of each is transposed once, to where the
voice covers most of its melody, and kept in the run's folder with a page of players in the order of steps.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from duetto.architectures.registry import architecture_of
from duetto.conversion.converter import Converter
from duetto.conversion.peak import limit_peak
from duetto.conversion.sources import check_source
from duetto.conversion.transposition import best_transposition
from duetto.errors import ConfigError
from duetto.features.content import build_encoder
from duetto.ownership.gate import require_allowed
from duetto.ownership.marking.stream import marked_channels
from duetto.report.own_songs import write_own_songs_page
from duetto.runs.artefacts import artefact_of_file
from duetto.runs.prepare import PreparedData, register_of_training
from duetto.runs.registration import register
from duetto.runs.test import make_request
from duetto.runs.transposition import melody_of
from duetto.settings.config import RetrievalConfig
from duetto.settings.run_config import TrainConfig
from duetto.storage.audio import Waveform, read_audio, write_audio
from duetto.storage.files import read_object
from duetto.storage.own_songs import SOURCE_NAME, conversion_path, forget_conversions_after
from duetto.storage.run_folder import RunFolder
from duetto.training.module import TrainingModule
from duetto.voices.load import build_converter
from duetto.voices.marks import Marking, own_pattern
from duetto.voices.permission import output_tags, write_origin

STRETCH_S = 12.0
FRAME_S = 0.25  # of the level that finds the stretch


def check_own_songs(config: TrainConfig) -> None:
    """Refuse songs that cannot be converted while training, before the plan.

    Raises:
        AudioError: If a file is missing, unreadable, too short or silent.
        ConfigError: If the model has no validations, converts nothing, or two files have the same name.
    """
    songs = [Path(song) for song in config.own_songs()]
    if not songs:
        return
    architecture = architecture_of(config.model)
    if architecture.is_closed_form or not architecture.can_convert:
        reason = "is solved without steps" if architecture.is_closed_form else "converts nothing by itself"
        raise ConfigError(f"validate_on: {config.model.name} {reason}. Leave it out, and use infer.py afterwards.")
    names = [song.stem for song in songs]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise ConfigError(f"validate_on names two files {double}: rename one, so that they can be told apart.")
    for song in songs:
        check_source(song)


class OwnSongs:
    """The songs of a run, ready to be converted with its weights."""

    def __init__(self, config: TrainConfig, prepared: PreparedData, folder: Path) -> None:
        """Cut and keep a stretch of each song.

        Raises:
            CorpusError: If somebody in the voice allows training, but not conversion.
            AudioError: If a song cannot be read.
        """
        self.config = config
        self.run = RunFolder(folder)
        self.record = read_object(self.run.record) if self.run.is_run else {}
        if self.record:
            require_allowed(self.record, "infer", self.run.record)
        self.register = register_of_training(prepared, config.features)
        self.encoder = build_encoder(config.features.content)
        rate = config.features.sample_rate
        self.paths = {Path(song).stem: Path(song) for song in config.own_songs()}
        self.stretches = {name: fullest_stretch(read_audio(path, rate)[0], rate) for name, path in self.paths.items()}
        for name, stretch in self.stretches.items():
            write_audio(self.run.own_songs / name / SOURCE_NAME, limit_peak(stretch)[0], rate, "PCM_16")
        self.semitones: dict[str, float] = {}

    def forget_after(self, step: int) -> None:
        """Remove what a killed run converted after the checkpoint that it resumes from."""
        forget_conversions_after(self.run.own_songs, step)

    def convert(self, module: TrainingModule) -> Mapping[str, Path]:
        """Convert every song with the current weights, without retrieval; the file of each by its name."""
        converter = build_converter(module.voice_network(), self.config.model, self.config.features, None, self.encoder)
        written = {name: self._convert(name, converter, module.step) for name in self.stretches}
        write_own_songs_page(self.run, self.semitones)
        return written

    def source(self, name: str) -> Path:
        """The stretch of a song that is converted."""
        return self.run.own_songs / name / SOURCE_NAME

    def _convert(self, name: str, converter: Converter, step: int) -> Path:
        stretch, rate = self.stretches[name], self.config.features.sample_rate
        if name not in self.semitones:
            self.semitones[name] = self._fitted(converter, stretch)
        settings = replace(self.config.eval, retrieval=RetrievalConfig(index_rate=0.0))
        request = make_request(self.semitones[name], settings, 0)
        output = converter.convert(stretch, request).waveform
        path = conversion_path(self.run.own_songs / name, step)
        pattern = own_pattern()
        sung = marked_channels(limit_peak(output)[0][None], rate, pattern)[0]
        write_audio(path, sung, rate, "PCM_16", tags=output_tags(self.record))
        register(
            [artefact_of_file(write_origin(path, self.record, self.paths[name], asdict(request), Marking(pattern)))]
        )
        return path

    def _fitted(self, converter: Converter, stretch: Waveform) -> float:
        if not converter.renderer.uses_f0:
            return 0.0
        melody = melody_of(converter, [stretch], converter.sample_rate)
        return float(best_transposition(melody, self.register))


def fullest_stretch(waveform: Waveform, sample_rate: int, seconds: float = STRETCH_S) -> Waveform:
    """The stretch of a recording (S,) in which most is sung, by its level in dB; all of a shorter one."""
    size, frame = round(seconds * sample_rate), round(FRAME_S * sample_rate)
    if len(waveform) <= size:
        return waveform
    frames = waveform[: len(waveform) // frame * frame].reshape(-1, frame)
    level_db: Any = 10 * np.log10(np.mean(np.square(frames), axis=1, dtype=np.float64) + 1e-12)
    above = np.maximum(level_db, level_db.max() - 40.0)  # dB: below that a pause is a pause
    width = size // frame
    sums = np.convolve(above, np.ones(width), "valid")
    start = int(np.argmax(sums)) * frame
    return waveform[start : start + size]
