"""RVC's generator and discriminators begin as those of a trained vocoder (`model.generator_vocoder`).

A vocoder of the compact size has the generator of RVC's compact size, but for the first convolution, which reads a mel
there and a latent here, and for the speaker. With `mel_latent.py` the latent is that mel. `auto` is the vocoder that
ships if one has the run's mel and generator, and its discriminators if they have the run's shape; else nothing.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from duetto.architectures.rvc.config import RVCConfig
from duetto.architectures.rvc.mel_latent import MelLatentSynthesizer
from duetto.architectures.vocoder.find import AUTO, find_vocoder, pretrained_vocoder_name, vocoder_card
from duetto.architectures.vocoder.load import load_own_file, load_vocoder_into
from duetto.architectures.vocoder.renderer import vocoder_shape
from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.bases import BASES, DISCRIMINATOR_SUFFIX
from duetto.settings.config import FeaturesConfig
from duetto.storage.digests import digests_beside
from duetto.storage.files import read_json, sha256_file

BAND = ("n_fft", "mel_min_hz", "mel_max_hz")  # of a mel, beside what the name of a vocoder tells


def vocoder_of(model: RVCConfig, features: FeaturesConfig) -> Path | None:
    """Weights of the vocoder that the generator starts as; None = it starts from random weights.

    Raises:
        ConfigError: If a vocoder is named, but there is none.
    """
    reference = model.generator_vocoder
    if reference is None:
        return None
    if reference != AUTO:
        return find_vocoder(reference, features)
    path = BASES / f"{pretrained_vocoder_name(features)}.safetensors"
    generator, band = {"generator": asdict(model.generator)}, {name: getattr(features, name) for name in BAND}
    fits = path.is_file() and _has_card(path, "features", band) and _has_card(path, "model", generator)
    return path if fits else None


def vocoder_digests(model: RVCConfig, features: FeaturesConfig) -> dict[str, str]:
    """The vocoder's part of a run's signature: its weights, and those of its discriminators."""
    path, discriminator = vocoder_of(model, features), discriminator_of(model, features)
    digests = {} if path is None else {"generator_vocoder": sha256_file(path)}
    return digests if discriminator is None else digests | {"vocoder_discriminator": sha256_file(discriminator)}


@torch.no_grad()
def start_as_vocoder(synthesizer: MelLatentSynthesizer, model: RVCConfig, features: FeaturesConfig) -> str:
    """Copy the generator of the vocoder that `model.generator_vocoder` names.

    Returns:
        What was done, for the user.

    Raises:
        ConfigError: If there is no such vocoder, or its mel differs from that of `features`.
        CheckpointError: If its file is damaged, or it has another shape than `model.generator`.
    """
    path, reference = vocoder_of(model, features), str(model.generator_vocoder)
    if path is None:
        return "No vocoder that ships has this mel and generator: the generator starts from random weights."
    vocoder = Vocoder(vocoder_shape(features.n_mels, model.generator, features.sample_rate))
    load_vocoder_into(vocoder, reference, features)
    theirs, ours = vocoder.generator, synthesizer.generator
    first = ours.input_convolution
    first.weight.copy_(theirs.input_convolution.weight)
    for mine, given in ((first, theirs.input_convolution), (ours.output_convolution, theirs.output_convolution)):
        assert mine.bias is not None
        assert given.bias is not None
        mine.bias.copy_(given.bias)
    ours.output_convolution.weight.copy_(theirs.output_convolution.weight)
    if ours.speaker_projection is not None:
        nn.init.zeros_(ours.speaker_projection.weight)
        nn.init.zeros_(ours.speaker_projection.bias)  # type: ignore[arg-type]
    for part in ("upsamplers", "residual_blocks", "source", "source_convolutions"):
        getattr(ours, part).load_state_dict(getattr(theirs, part).state_dict())
    return f"The generator starts as the vocoder {path}."


def load_discriminator(discriminator: nn.Module, model: RVCConfig, features: FeaturesConfig) -> None:
    """Copy the weights of the vocoder's discriminators, if there are any.

    Raises:
        CheckpointError: If the file is damaged, or of another shape than `model.discriminator`.
    """
    path, vocoder = discriminator_of(model, features), vocoder_of(model, features)
    if path is None or vocoder is None:
        return
    card = vocoder_card(vocoder)
    misfit = f"The discriminators {path} do not fit model.discriminator"
    load_own_file(discriminator, path, digests_beside(card), misfit)


def discriminator_of(model: RVCConfig, features: FeaturesConfig) -> Path | None:
    """Weights of the discriminators that the vocoder was trained against, if they are beside it."""
    path = vocoder_of(model, features)
    if path is None:
        return None
    discriminator = {"discriminator": asdict(model.discriminator)}
    if model.generator_vocoder == AUTO and not _has_card(path, "model", discriminator):
        return None
    beside = path.with_name(f"{path.stem}{DISCRIMINATOR_SUFFIX}.safetensors")
    return beside if beside.is_file() else None


def _has_card(path: Path, group: str, wanted: dict[str, Any]) -> bool:
    """Whether the card of a vocoder that ships has these settings in one of its groups."""
    given = read_json(vocoder_card(path))[group]
    return all(given[name] == value for name, value in wanted.items())
