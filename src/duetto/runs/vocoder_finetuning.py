"""Fine-tuning of Diff-SVC's vocoder on the voice, before the acoustic model is trained (`model.vocoder_steps`).

A small vocoder cannot fit every voice. Two hundred steps of fine-tuning on the voice's own recordings bring it closer
than 3,000 steps on the choir (docs/decisions/bases.md). It is kept in the run's folder until the voice includes it; a
killed run resumes from its last checkpoint. Published Diff-SVC does not fine-tune its vocoder: `model.vocoder_steps=0`.
"""

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeGuard, cast

from rich.console import Console

from duetto.architectures.vocoder.loading import OWN_CARD, OWN_WEIGHTS, find_vocoder, vocoder_card, vocoder_digest
from duetto.errors import ConfigError
from duetto.renamed import as_hashed
from duetto.runs.fit import fit
from duetto.runs.prepare import PreparedData
from duetto.settings.config import FeaturesConfig
from duetto.settings.model_config import DiffSVCConfig, ModelConfig, VocoderConfig
from duetto.settings.run_config import TrainConfig
from duetto.storage.files import read_json, sha256_file, sha256_json
from duetto.storage.run_folder import RunFolder
from duetto.training.hardware import Hardware
from duetto.training.tracking import Tracker
from duetto.voices.pretrained import DISCRIMINATOR_SUFFIX
from duetto.voices.voice import TrainedVoice, from_dict, save_voice

LARGEST_SHARE = 0.25  # of trainer.max_minutes


def trains_vocoder(model: ModelConfig) -> TypeGuard[DiffSVCConfig]:
    """Whether a run fine-tunes its vocoder."""
    return isinstance(model, DiffSVCConfig) and model.vocoder_steps > 0


def with_finetuned_vocoder(
    config: TrainConfig, prepared: PreparedData, hardware: Hardware, folder: Path, console: Console
) -> tuple[TrainConfig, float]:
    """Train the vocoder, or find it trained.

    Args:
        config: The run.
        prepared: What to train on.
        hardware: Where.
        folder: Of the run.
        console: Told what happens.

    Returns:
        The configuration to train the acoustic model by, which names this vocoder and has the minutes that are left;
        and the seconds that the vocoder took. Those of `config` and 0 where the vocoder stays as it is.

    Raises:
        ConfigError: If the vocoder is a file of the field, which has no training settings.
    """
    if not trains_vocoder(config.model):
        return config, 0.0
    model, trainer = config.model, config.trainer
    own = RunFolder(folder).preliminary("vocoder").path
    if not (own / OWN_CARD).is_file():
        steps = min(model.vocoder_steps, trainer.max_steps)
        console.print(f"The vocoder first: up to {steps} steps on the same recordings (model.vocoder_steps).")
        settings = vocoder_settings(model, config.features)
        limits = replace(
            trainer, max_steps=steps, max_minutes=LARGEST_SHARE * trainer.max_minutes, evaluate_every_steps=0
        )
        run = replace(config, model=settings, trainer=limits)
        result = fit(run, prepared, hardware, own, Tracker(None, "only the voice's training is tracked"), console)
        save_voice(TrainedVoice(result.network, settings, config.features, result.summary()), own)
        shutil.rmtree(RunFolder(own).checkpoints, ignore_errors=True)
    seconds = 3600.0 * float(read_json(own / OWN_CARD)["hours"])
    left = max(trainer.max_minutes - seconds / 60, 0.1) if trainer.max_minutes else 0.0
    acoustic = replace(model, vocoder=str(own / OWN_WEIGHTS), vocoder_steps=0)
    return replace(config, model=acoustic, trainer=replace(trainer, max_minutes=left)), seconds


def vocoder_digests(model: DiffSVCConfig, features: FeaturesConfig) -> dict[str, str]:
    """What a run's signature covers of the vocoder: its weights and, if fine-tuned, its discriminator and settings."""
    digests = {"vocoder": vocoder_digest(model.vocoder, features)}
    if trains_vocoder(model):
        settings = vocoder_settings(model, features)
        discriminator = settings.base_discriminator
        if discriminator is not None:
            digests["vocoder_discriminator"] = sha256_file(Path(discriminator))
        covered = asdict(replace(settings, base=None, base_discriminator=None))
        digests["vocoder_settings"] = sha256_json({as_hashed(name): value for name, value in covered.items()})
    return digests


def vocoder_settings(model: DiffSVCConfig, features: FeaturesConfig) -> VocoderConfig:
    """Training settings of the vocoder that `model.vocoder` names, for fine-tuning it.

    Raises:
        ConfigError: If it is a file of the field.
    """
    path = find_vocoder(model.vocoder, features)
    if path.suffix != ".safetensors":
        raise ConfigError(
            f"model.vocoder_steps={model.vocoder_steps}: {path} is a vocoder of the field, which can be sung "
            "through but not trained here. Set model.vocoder_steps=0."
        )
    discriminator = path.with_name(f"{path.stem}{DISCRIMINATOR_SUFFIX}.safetensors")
    return replace(
        cast(VocoderConfig, from_dict(VocoderConfig, read_json(vocoder_card(path))["model"])),
        base=str(path),
        base_discriminator=str(discriminator) if discriminator.is_file() else None,
        content_dimension=features.content.dimension,
        ema_decay=0.0,  # a mean over so few steps would be the base
        gain_db=0.0,  # this one has a single voice to know
        equaliser_db=0.0,
    )
