"""Fine-tuning of Diff-SVC's vocoder on the voice, before the acoustic model is trained (`model.vocoder_steps`).

A small vocoder cannot reproduce every voice. Two hundred steps of fine-tuning on the voice's own recordings bring it
nearer to that voice than 3,000 steps on the choir (docs/decisions/bases.md). Published Diff-SVC does not fine-tune its
vocoder: `model.vocoder_steps=0`.
"""

from dataclasses import asdict, replace
from pathlib import Path
from typing import cast

from duetto.architectures.architecture import PreliminaryTraining
from duetto.architectures.diffsvc.config import DiffSVCConfig
from duetto.architectures.vocoder.config import VocoderConfig
from duetto.architectures.vocoder.find import find_vocoder, vocoder_card, vocoder_digest
from duetto.bases import DISCRIMINATOR_SUFFIX
from duetto.errors import ConfigError
from duetto.renamed import as_hashed
from duetto.settings.config import FeaturesConfig, from_dict
from duetto.storage.files import read_json, sha256_file, sha256_json

LARGEST_SHARE = 0.25  # of trainer.max_minutes


def vocoder_digests(model: DiffSVCConfig, features: FeaturesConfig) -> dict[str, str]:
    """The vocoder's part of a run's signature: its weights and, if fine-tuned, its discriminator and settings."""
    digests = {"vocoder": vocoder_digest(model.vocoder, features)}
    if model.vocoder_steps:
        settings = vocoder_settings(model, features)
        discriminator = settings.base_discriminator
        if discriminator is not None:
            digests["vocoder_discriminator"] = sha256_file(Path(discriminator))
        covered = asdict(replace(settings, base=None, base_discriminator=None))
        digests["vocoder_settings"] = sha256_json({as_hashed(name): value for name, value in covered.items()})
    return digests


def vocoder_settings(model: DiffSVCConfig, features: FeaturesConfig) -> VocoderConfig:
    """The settings with which the vocoder that `model.vocoder` names was trained, for fine-tuning it.

    Raises:
        ConfigError: If it is a third-party file.
    """
    path = find_vocoder(model.vocoder, features)
    if path.suffix != ".safetensors":
        raise ConfigError(
            f"model.vocoder_steps={model.vocoder_steps}: {path} is a third-party vocoder, which can be used "
            "but not fine-tuned here. Set model.vocoder_steps=0."
        )
    discriminator = path.with_name(f"{path.stem}{DISCRIMINATOR_SUFFIX}.safetensors")
    return replace(
        cast(VocoderConfig, from_dict(VocoderConfig, read_json(vocoder_card(path))["model"])),
        base=str(path),
        base_discriminator=str(discriminator) if discriminator.is_file() else None,
        content_dimension=features.content.dimension,
        ema_decay=0.0,  # a mean over so few steps would stay close to the pretrained weights
        gain_db=0.0,  # it only has to reproduce a single voice
        equaliser_db=0.0,
    )


def _steps(model: DiffSVCConfig) -> int:
    return model.vocoder_steps


def _take_in(model: DiffSVCConfig, weights: Path) -> DiffSVCConfig:
    return replace(model, vocoder=str(weights), vocoder_steps=0)


VOCODER_FINETUNING = PreliminaryTraining("vocoder", LARGEST_SHARE, _steps, vocoder_settings, _take_in)
