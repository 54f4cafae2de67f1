"""What a run needs, checked before its plan: label tracks, the encoder's weights, steps that processes can share."""

from pathlib import Path

from duetto.architectures.registry import architecture_of
from duetto.errors import ConfigError
from duetto.features.content import encoder_digest, find_encoder
from duetto.runs.prepare import build_steps
from duetto.settings.config import ContentConfig, PreprocessConfig
from duetto.settings.kinds import STEP_PATH
from duetto.settings.run_config import TrainConfig


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


def check_processes(config: TrainConfig) -> None:
    """Refuse several processes where there are no steps to divide.

    Raises:
        ConfigError: If so.
    """
    if architecture_of(config.model).is_closed_form and config.trainer.devices * config.trainer.nodes > 1:
        raise ConfigError(
            f"trainer.devices={config.trainer.devices}: model={config.model.name} is solved in one pass and has no "
            "steps that processes could share. Use trainer.devices=1."
        )
