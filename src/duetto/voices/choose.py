"""Which voice `infer.py` sings with: a run of ours, or a public model named by `checkpoint=`."""

from pathlib import Path

from duetto.conversion.converter import Converter
from duetto.settings.config import require
from duetto.settings.run_config import InferConfig
from duetto.storage.run_folder import RunFolder
from duetto.voices.find import LATEST, find_run
from duetto.voices.interchange.opening import open_checkpoint
from duetto.voices.load import converter_of, load_converter
from duetto.voices.voice import TrainedVoice


def choose_place(config: InferConfig) -> Path:
    """The folder that stands for the voice: the run's, or one in `logs` named after the checkpoint; not made here.

    Raises:
        ConfigError: If a run and a checkpoint are named, or an index without a checkpoint.
        CheckpointError: If there is no such run or file.
    """
    if config.checkpoint is None:
        require(config.index is None, "index=FILE goes with checkpoint=FILE; a run has its own index.")
        return find_run(Path(config.logs), config.run or LATEST)
    require(config.run in (None, LATEST), f"Which voice: run={config.run} or checkpoint={config.checkpoint}? Name one.")
    return Path(config.logs) / Path(config.checkpoint).stem


def choose_converter(config: InferConfig, place: Path) -> tuple[Converter, TrainedVoice]:
    """The converter of the voice that was chosen; `place` is from `choose_place`.

    A checkpoint without an index converts without retrieval.

    Raises:
        DuettoError: If weights, index or content encoder are missing, damaged, or do not fit each other.
    """
    if config.checkpoint is None:
        choices = (config.f0_method, config.content_path, config.timing)
        return load_converter(RunFolder(place).voice.path, config.index_rate, *choices)
    index_path = Path(config.index) if config.index is not None else None
    voice, index = open_checkpoint(Path(config.checkpoint), index_path, config.content_path, config.vocoder)
    return converter_of(voice, index, config.f0_method, timing=config.timing), voice
