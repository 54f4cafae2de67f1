"""Whether the weights that a training starts from fit it, found out before the corpus is made.

A pretrained pair of public tools belongs together: generator and discriminator of one version, rate and kind. The
tensors of a discriminator do not tell its rate, so the digests of the hub's table do.
"""

from duetto.architectures.registry import architecture_of
from duetto.errors import CheckpointError
from duetto.hub.cache import row_of
from duetto.settings.config import FeaturesConfig
from duetto.settings.model_config import ModelConfig, path_fields
from duetto.storage.files import sha256_file
from duetto.voices.pretrained import AUTO, NONE, Base, choose_base, load_base

SHIPS = (None, AUTO, NONE)  # values of settings that name no file


def check_start(model: ModelConfig, features: FeaturesConfig) -> None:
    """Load the named weights once into a network that is thrown away; those that ship were tested.

    Raises:
        CheckpointError: If the files do not fit the model or each other; says what fits.
        ConfigError: If a vocoder was trained on another mel.
    """
    architecture = architecture_of(model)
    if not any(getattr(model, name) not in SHIPS for name in path_fields(architecture.config)):
        return
    base = choose_base(model, features)
    if base is not None:
        _require_pair(model, base)
    module = architecture.build_module(model, features, 0)  # a vocoder that is named is loaded here
    if base is not None and model.base != AUTO:
        load_base(module, base)


def _require_pair(model: ModelConfig, base: Base) -> None:
    if not model.has_discriminator or base.generator.suffix == ".safetensors" or model.base_discriminator == NONE:
        return
    if base.discriminator is None:
        raise CheckpointError(
            f"base: {base.generator} is the generator of a pair. Add model.base_discriminator=D_FILE, which public "
            f"tools load beside it, or model.base_discriminator={NONE} to train a new discriminator."
        )
    rows = [row_of(sha256_file(path)) for path in (base.generator, base.discriminator)]
    names = [row.name.rpartition("_")[0] for row in rows if row is not None]
    if len(set(names)) > 1:
        raise CheckpointError(
            f"base is the generator of {names[0]}, model.base_discriminator the discriminator of {names[1]}. Give both "
            "of one version and rate."
        )
