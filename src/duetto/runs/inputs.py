"""Files that a run needs, checked before its plan: label tracks, and the encoder's weights."""

from pathlib import Path

from duetto.errors import ConfigError
from duetto.features.content import encoder_digest, find_encoder
from duetto.runs.prepare import build_steps
from duetto.settings.config import ContentConfig, PreprocessConfig
from duetto.settings.kinds import STEP_PATH


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
    """Refuse a content encoder without its weights; those of the hub are downloaded here.

    Raises:
        ConfigError: If the file is missing; says what to download.
        DownloadError: If the hub's cannot be downloaded.
    """
    if find_encoder(content.encoder).reads_file:
        encoder_digest(content)
