"""A training that precedes the architecture's own if its record asks for one, such as Diff-SVC's vocoder fine-tuning.

Its result stays in the run's folder until the voice includes it; a killed run resumes from its last checkpoint.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from duetto.architectures.architecture import PreliminaryTraining
from duetto.architectures.registry import architecture_of, get_architecture
from duetto.ownership.heritage import CONSENT_FIELD, MADE_FROM
from duetto.runs.fit import FitResult, fit
from duetto.runs.prepare import PreparedData
from duetto.runs.team import Team
from duetto.settings.model_config import ModelConfig
from duetto.settings.run_config import TrainConfig
from duetto.storage.files import read_json
from duetto.storage.run_folder import RunFolder, VoiceFolder
from duetto.training.hardware import Hardware
from duetto.training.tracking import Tracker
from duetto.voices.voice import TrainedVoice, save_voice

SHORTEST_MINUTES = 0.1  # least time left for the training itself


def after_preliminary_training(
    config: TrainConfig,
    prepared: PreparedData,
    hardware: Hardware,
    record: Mapping[str, Any],
    folder: Path,
    console: Console,
    team: Team | None = None,
) -> tuple[TrainConfig, float]:
    """Run the preliminary training, or find its result.

    Args:
        config: Settings of the run.
        prepared: Training data.
        hardware: The device to train on.
        record: Of the run; the other model's card says from it whose voice it is.
        folder: The run's folder.
        console: Receives progress messages.
        team: The processes that train together; None = this one alone.

    Returns:
        The voice's configuration with the trained network and the remaining minutes; and the seconds taken.
        `config` and 0 if there is no preliminary training.

    Raises:
        ConfigError: If the preliminary training is impossible with these settings.
    """
    first = architecture_of(config.model).preliminary_training(config.model)
    if first is None:
        return config, 0.0
    own = RunFolder(folder).preliminary(first.architecture).path
    voice = VoiceFolder(own)
    if not voice.is_trained:
        result, settings = _train(first, config, prepared, hardware, own, console, team)
        heritage = {name: record[name] for name in (CONSENT_FIELD, MADE_FROM)}
        save_voice(TrainedVoice(result.network, settings, config.features, {**heritage, **result.summary()}), own)
        shutil.rmtree(RunFolder(own).checkpoints, ignore_errors=True)
        prepared.timing.add(first.architecture, result.seconds, result.steps)
    seconds = 3600.0 * float(read_json(voice.card)["hours"])
    trainer = config.trainer
    left = max(trainer.max_minutes - seconds / 60, SHORTEST_MINUTES) if trainer.max_minutes else 0.0
    model = first.take_in(config.model, voice.weights)
    return replace(config, model=model, trainer=replace(trainer, max_minutes=left)), seconds


def _train(
    first: PreliminaryTraining,
    config: TrainConfig,
    prepared: PreparedData,
    hardware: Hardware,
    folder: Path,
    console: Console,
    team: Team | None,
) -> tuple[FitResult, ModelConfig]:
    trainer = config.trainer
    steps = min(first.steps(config.model), trainer.max_steps)
    console.print(
        f"The {get_architecture(first.architecture).title} first: up to {steps} steps on the same recordings."
    )
    settings = first.settings(config.model, config.features)
    limits = replace(trainer, max_steps=steps, max_minutes=first.share * trainer.max_minutes, evaluate_every_steps=0)
    run = replace(config, model=settings, trainer=limits, validate_on=None)
    tracker = Tracker([], "only the voice's training is tracked")
    return fit(run, prepared, hardware, folder, tracker, console, None, team), settings
