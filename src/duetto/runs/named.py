"""Files and folders that a command names, checked before the networks are imported, which takes seconds."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from duetto.corpus.ddb.archive import read_archive_consent
from duetto.corpus.recordings.folder import open_folder, read_folder_consents
from duetto.corpus.scores.user_scores import open_scores
from duetto.errors import CheckpointError, ConfigError, StorageError
from duetto.features.trackers.registry import require_ready
from duetto.hub.get import NAME as HUB
from duetto.settings.config import DataConfig
from duetto.settings.model_config import ModelConfig
from duetto.settings.run_config import InferConfig, TrainConfig

NO_FILES = (None, "auto", "none", HUB)  # values of a setting for weights that name no file


def check_named(config: TrainConfig) -> None:
    """Refuse a training whose folders or files are not there.

    Raises:
        DuettoError: Names the first.
    """
    logs = Path(config.logs)
    if logs.exists() and not logs.is_dir():
        raise StorageError(f"logs={logs} is a file; the folders of runs go there. Name a folder, or leave it out.")
    check_data(config.data)
    check_weights_files(config.model)
    require_ready(config.features.f0)


def check_weights_files(model: ModelConfig) -> None:
    """Refuse weights that do not exist.

    Raises:
        CheckpointError: Names the setting.
    """
    for setting, value in (("base", model.base), ("model.base_discriminator", model.base_discriminator)):
        if value not in NO_FILES and not Path(str(value)).expanduser().exists():
            raise CheckpointError(
                f"{setting}: there is no {value}. Correct the path, or leave it out for the weights that ship."
            )


def check_data(config: DataConfig, today: date | None = None) -> None:
    """Refuse recordings or scores that do not exist or may not be trained on.

    Raises:
        CorpusError: If the folder or file does not exist, or its consent record does not allow training.
        ScoreError: If a score cannot be read.
    """
    checks: dict[str, Callable[[], object]] = {
        "folder": lambda: read_folder_consents(config, open_folder(config), today or date.today()),
        "mix": lambda: read_folder_consents(config, open_folder(config), today or date.today()),
        "ddb": lambda: read_archive_consent(config, today or date.today()),
        "folder_vsqx": lambda: open_scores(config),
    }
    if config.case in checks:
        checks[config.case]()


def check_conversion_files(config: InferConfig) -> None:
    """Refuse missing files of a conversion before any recording is read.

    Raises:
        CheckpointError: If a file is missing; names the file and the setting.
        ConfigError: If the weights of a content encoder or a pitch tracker are missing.
    """
    files = {"checkpoint": "file", "index": "index", "vocoder": "vocoder"}
    for name, what in files.items():
        value = getattr(config, name)
        if value is not None and not Path(value).expanduser().exists():
            raise CheckpointError(f"There is no {what} {value}, which {name} names.")
    if config.f0 is not None and not Path(config.f0).expanduser().is_file():
        raise ConfigError(f"f0={config.f0} is not a file. Give a pitch contour; f0_out=FILE.csv writes one.")
    if config.f0_path is not None and not Path(config.f0_path).expanduser().is_file():
        raise ConfigError(f"f0_path={config.f0_path} is not a file. Give the weights of the pitch tracker.")
    weights = config.content_path
    if weights not in (None, HUB) and not Path(str(weights)).expanduser().is_file():
        raise ConfigError(f"content_path={weights} is not a file. Give the weights of the content encoder, or hub.")
