"""Files and folders that a run needs, checked before its plan: recordings and consent, label tracks, weights."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from duetto.corpus.ddb.archive import read_archive_consent
from duetto.corpus.recordings.folder import open_folder, read_folder_consents
from duetto.corpus.scores.user_scores import open_scores
from duetto.errors import CheckpointError, ConfigError
from duetto.features.content import encoder_digest, find_encoder
from duetto.features.hub import HUB
from duetto.runs.prepare import build_steps
from duetto.settings.config import ContentConfig, DataConfig, PreprocessConfig
from duetto.settings.kinds import STEP_PATH
from duetto.settings.run_config import InferConfig


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


def check_steps(config: PreprocessConfig) -> None:
    """Refuse steps that cannot be built, or that read a missing file.

    Raises:
        ConfigError: Names the step.
    """
    for name, step in build_steps(config).items():
        path = getattr(step, STEP_PATH, None)
        if path is not None and not Path(path).exists():
            raise ConfigError(f"preprocess.steps.{name}.{STEP_PATH}={path}: there is no such file or folder.")


def check_encoder_weights(content: ContentConfig) -> None:
    """Refuse a content encoder without its weights; those of the hub are downloaded when they are needed.

    Raises:
        ConfigError: If the file is missing; says what to download.
    """
    if find_encoder(content.encoder).reads_file and content.path != HUB:
        encoder_digest(content)


def check_conversion_files(config: InferConfig) -> None:
    """Refuse missing files of a conversion before any recording is read.

    Raises:
        CheckpointError: If a file is missing; names the file and the setting.
        ConfigError: If the weights of a content encoder are missing.
    """
    files = {"checkpoint": "file", "index": "index", "vocoder": "vocoder"}
    for name, what in files.items():
        value = getattr(config, name)
        if value is not None and not Path(value).expanduser().exists():
            raise CheckpointError(f"There is no {what} {value}, which {name} names.")
    weights = config.content_path
    if weights not in (None, HUB) and not Path(str(weights)).expanduser().is_file():
        raise ConfigError(f"content_path={weights} is not a file. Give the weights of the content encoder, or hub.")
