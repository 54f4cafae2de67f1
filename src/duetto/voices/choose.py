"""Chooses the voice that `infer.py` converts with: a run of ours, or a public model."""

from pathlib import Path

from duetto.conversion.converter import Converter
from duetto.settings.run_config import InferConfig
from duetto.storage.run_folder import RunFolder
from duetto.voices.interchange.opening import open_checkpoint
from duetto.voices.load import converter_of, load_converter
from duetto.voices.voice import TrainedVoice


def choose_converter(config: InferConfig, place: Path) -> tuple[Converter, TrainedVoice]:
    """The converter of the chosen voice; `place` is from `duetto.voices.find.choose_place`.

    A checkpoint without an index converts without retrieval.

    Raises:
        DuettoError: If weights, index or content encoder are missing, damaged, or do not fit each other.
    """
    if config.checkpoint is None:
        choices = (config.f0_method, config.content_path, config.timing, config.f0_path)
        return load_converter(RunFolder(place).voice.path, config.index_rate, *choices)
    index_path = Path(config.index) if config.index is not None else None
    voice, index = open_checkpoint(Path(config.checkpoint), index_path, config.content_path, config.vocoder)
    return converter_of(voice, index, config.f0_method, timing=config.timing, f0_path=config.f0_path), voice
