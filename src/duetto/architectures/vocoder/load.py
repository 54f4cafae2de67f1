"""Loads a trained vocoder's weights and sizes, from one of our files or a third-party one.

A vocoder's mel is natural-log on the feature grid, as in `duetto.features.mel`, and as published NSF-HiFiGANs were
trained with.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from duetto.architectures.vocoder.find import find_vocoder, vocoder_card
from duetto.architectures.vocoder.foreign import foreign_mel, read_foreign_config, read_foreign_vocoder
from duetto.architectures.vocoder.shapes import shape_from_config
from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.architectures.vocoder.weights import load_weights
from duetto.errors import CheckpointError, ConfigError
from duetto.settings.config import FeaturesConfig
from duetto.settings.model_config import GeneratorConfig
from duetto.storage.digests import recorded_digests, require_undamaged
from duetto.storage.files import read_json, read_object

GRID = ("sample_rate", "hop_length", "n_fft", "n_mels", "mel_min_hz", "mel_max_hz")  # of features: what a mel is


def load_vocoder_into(vocoder: Vocoder, reference: str, features: FeaturesConfig) -> None:
    """Load the weights that `model.vocoder` names into a vocoder of the configured shape.

    Raises:
        ConfigError: If there is no such vocoder, or its mel differs from that of `features`.
        CheckpointError: If the file is damaged, hostile, or of a different shape.
    """
    path = find_vocoder(reference, features)
    if path.suffix == ".safetensors":
        card = read_object(vocoder_card(path))
        _require_same_mel(card["features"], features, path)
        load_own_file(vocoder, path, recorded_digests(card), f"The vocoder {path} does not fit model.vocoder_generator")
        return
    config = read_foreign_config(path)
    _require_same_mel(foreign_mel(config), features, path)
    shape = shape_from_config(config)
    if shape != vocoder.shape:
        raise CheckpointError(f"{path} is a vocoder of the shape {shape}, which differs from model.vocoder_generator.")
    load_weights(vocoder, read_foreign_vocoder(path))


def load_own_file(network: nn.Module, path: Path, digests: Mapping[str, str], misfit: str) -> None:
    """Load a file of a vocoder of ours: its generator, or the discriminators beside it.

    Args:
        network: Gets the weights.
        path: A .safetensors file.
        digests: Recorded in the vocoder's card, by file name.
        misfit: Begins the message if the weights do not fit.

    Raises:
        CheckpointError: If the file is damaged, or of another shape.
    """
    require_undamaged(path, digests, "Copy it again, or name another vocoder.")
    try:
        network.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError) as error:
        raise CheckpointError(f"{misfit}, or the file is damaged: {str(error).splitlines()[-1].strip()}") from error


def foreign_generator(reference: str, features: FeaturesConfig) -> GeneratorConfig:
    """The generator settings of the vocoder that `reference` names, for either kind of file.

    Raises:
        ConfigError: If there is none.
        CheckpointError: If its card or config.json cannot be used.
    """
    path = find_vocoder(reference, features)
    if path.suffix == ".safetensors":
        return GeneratorConfig(**read_json(vocoder_card(path))["model"]["generator"])
    shape = shape_from_config(read_foreign_config(path))
    generator = shape.generator
    return GeneratorConfig(
        list(generator.upsample_rates),
        list(generator.upsample_kernel_sizes),
        generator.initial_channels,
        list(generator.resblock_kernel_sizes),
        [list(sizes) for sizes in generator.resblock_dilation_sizes],
        shape.num_harmonics,
        shape.has_mini_source,
    )


def _require_same_mel(theirs: dict[str, Any], features: FeaturesConfig, path: Path) -> None:
    ours = asdict(features)
    nyquist = features.sample_rate / 2
    for name in GRID:
        wanted, found = ours[name], theirs.get(name)
        if name == "mel_max_hz":
            wanted, found = wanted or nyquist, found or nyquist
        if wanted != found:
            raise ConfigError(f"The vocoder {path} was trained with {name}={found}, but features.{name} is {wanted}.")
