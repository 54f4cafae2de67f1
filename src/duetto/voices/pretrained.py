"""Starts a training from pretrained weights: those that ship, a voice of ours, or a pretrained pair of RVC.

`base=auto` uses the weights that ship for the architecture and size, if they have the run's shape and features; `none`
uses random weights. Any other value names the generator: a folder (of a run, or made by `python -m duetto import
G_x.pth --discriminator D_x.pth`), one of our .safetensors, or a G_*.pth. `model.base_discriminator` names the
discriminator (.safetensors or D_*.pth; `none` = a new one); by default it is the one in the folder, if any. `base=hub`
is the public pair of the size, from `python -m duetto weights`. Every tensor has to fit, except for the speakers: a new
speaker starts at the mean of the pretrained ones. Weights without an auxiliary decoder gain an untrained one.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from duetto.architectures.architecture import Architecture
from duetto.architectures.registry import architecture_of
from duetto.bases import BASES, DISCRIMINATOR_SUFFIX
from duetto.errors import CheckpointError, ConfigError
from duetto.hub.get import NAME as HUB
from duetto.hub.get import get_weights
from duetto.settings.config import FeaturesConfig
from duetto.settings.model_config import ModelConfig, has_shape
from duetto.storage.digests import digests_beside, require_undamaged
from duetto.storage.files import read_json, sha256_file
from duetto.storage.run_folder import VOICE_FOLDER, WEIGHTS_NAME, VoiceFolder
from duetto.training.module import Start, TrainingModule
from duetto.voices.interchange.importing import DISCRIMINATOR_NAME
from duetto.voices.interchange.training_checkpoint import DISCRIMINATOR, GENERATOR

AUTO, NONE = "auto", "none"  # values of `model.base`
HEARD = ("sample_rate", "hop_length", "n_fft", "n_mels", "mel_min_hz", "mel_max_hz", "content")  # of features
DECODER = ("auxiliary.", "seen.")  # what an auxiliary decoder adds to Diff-SVC; weights may be of before it
SPEAKER_TABLES = ("speaker_embedding.weight", "condition_encoder.speaker.weight", "mel_mean", "mel_spread")
DIFFERENCES_SHOWN = 3  # maximum number of lines of torch's list of mismatches


@dataclass(frozen=True)
class Base:
    """Files of pretrained weights that a training starts from."""

    generator: Path
    discriminator: Path | None

    def digests(self) -> dict[str, str]:
        """SHA-256 of each file, by its role."""
        digests = {"base": sha256_file(self.generator)}
        return digests if self.discriminator is None else digests | {"discriminator": sha256_file(self.discriminator)}

    def sentence(self, has_discriminator: bool = True) -> str:
        """The message for the user."""
        start = f"Training starts from the weights of {self.generator}"
        if not has_discriminator:
            return f"{start}."
        return (
            f"{start}, {f'discriminator from {self.discriminator}' if self.discriminator else 'a new discriminator'}."
        )


def choose_base(model: ModelConfig, features: FeaturesConfig, folder: Path = BASES) -> Base | None:
    """Choose the pretrained weights of a training; None = random weights.

    Args:
        model: The model settings, with `base` and `base_discriminator`.
        features: The features of the run.
        folder: Folder of the pretrained weights that ship.

    Raises:
        CheckpointError: If a named file is missing, or the hub's is not what it was.
        ConfigError: If the hub has none for this model and size.
        DownloadError: If the hub's cannot be downloaded.
    """
    if model.base in (None, NONE):
        return None
    if model.base == HUB:
        return _base_of_hub(model)
    if model.base != AUTO:
        return find_base(str(model.base), model.base_discriminator)
    path = folder / f"{architecture_of(model).pretrained_name(model, features)}.safetensors"
    if not path.is_file():
        return None
    card = read_json(path.with_suffix(".json"))
    wanted = asdict(features)
    if any(card["features"][name] != wanted[name] for name in HEARD) or not has_shape(model, card["shape"]):
        return None
    discriminator = path.with_name(f"{path.stem}{DISCRIMINATOR_SUFFIX}.safetensors")
    return Base(path, discriminator if discriminator.is_file() else None)


def _base_of_hub(model: ModelConfig) -> Base:
    """The public pair of a size, from the hub's cache or the hub."""
    names = architecture_of(model).hub_pair
    if names is None:
        raise ConfigError(f"base={HUB}: there are no public weights to start {model.name} from. Leave base out.")
    generator, discriminator = (get_weights(name) for name in names(model))
    return Base(generator, discriminator)


def explain_start(model: ModelConfig, base: Base | None) -> str:
    """The message for the user before training."""
    if base is not None:
        return base.sentence(has_discriminator=model.has_discriminator)
    if model.base == AUTO:
        return (
            f"No pretrained weights ship for {model.name} {model.size} in this shape: training starts from random "
            "weights. To start from others: base=PATH."
        )
    return "Training starts from random weights (base=none)."


def find_base(generator: str, discriminator: str | None) -> Base:
    """Find the files that the two settings name.

    Raises:
        CheckpointError: If a file is missing.
    """
    path = Path(generator).expanduser()
    beside: Path | None = None
    if path.is_dir():
        folder = path / VOICE_FOLDER if (path / VOICE_FOLDER).is_dir() else path
        path, beside = folder / WEIGHTS_NAME, folder / DISCRIMINATOR_NAME
    if discriminator == NONE:
        discriminator, beside = None, None
    given = Path(discriminator).expanduser() if discriminator else beside if beside and beside.is_file() else None
    for file in (path, given):
        if file is not None and not file.is_file():
            raise CheckpointError(f"base: there is no {file}. Give a run's folder, a .safetensors or a G_*.pth.")
    return Base(path, given)


def make_module(model: ModelConfig, features: FeaturesConfig, seed: int) -> TrainingModule:
    """A module of the configured architecture with the weights of the configured base, or untrained ones.

    Raises:
        CheckpointError: If the pretrained weights cannot be read or do not fit.
    """
    module = architecture_of(model).build_module(model, features, seed)
    base = choose_base(model, features)
    if base is not None:
        load_base(module, base)
    module.choose_trained_parts()
    module.start_average()
    return module


def load_base(module: TrainingModule, base: Base) -> None:
    """Copy pretrained weights into an untrained module.

    Raises:
        CheckpointError: If a file is damaged, or a tensor is missing, unknown or misshapen.
    """
    architecture = architecture_of(module.model_config)
    _load(architecture, module.acquired(module.exported_network()), base.generator, GENERATOR)
    discriminator = getattr(module, "discriminator", None)
    if base.discriminator is not None:
        if discriminator is None:
            raise CheckpointError("model.base_discriminator: this architecture has no discriminator. Leave it out.")
        _load(architecture, discriminator, base.discriminator, DISCRIMINATOR)
    module.start = Start(from_base=True, has_discriminator=base.discriminator is not None)


def _load(architecture: Architecture, network: nn.Module, path: Path, role: str) -> None:
    if path.suffix != ".safetensors":
        architecture.load_public_weights(network, path, role)
        return
    require_undamaged(path, _digests_beside(path), "Copy it again, or choose base=none.")
    try:
        network.load_state_dict(fit_speakers(network, with_decoder(network, load_file(path))), strict=True)
    except SafetensorError as error:
        raise CheckpointError(f"base: {path} is damaged or truncated ({error}). Copy it again.") from error
    except RuntimeError as error:
        lines = "; ".join(line.strip() for line in str(error).splitlines()[1 : 1 + DIFFERENCES_SHOWN])
        raise CheckpointError(
            f"base: {path} does not fit the {role} of this model ({lines[:400]}). "
            "Choose the model/size that it was trained with, or base=none."
        ) from error


def _digests_beside(path: Path) -> dict[str, str]:
    """The digests in the card of weights that ship (generator and discriminator share one) or of a voice."""
    base = path.with_name(f"{path.stem.removesuffix(DISCRIMINATOR_SUFFIX)}.json")
    return digests_beside(base if base.is_file() else VoiceFolder(path.parent).card)


def with_decoder(network: nn.Module, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights with the network's own untrained auxiliary decoder, if it has one and they have none."""
    if any(name.startswith(DECODER) for name in weights):
        return weights
    return weights | {name: value for name, value in network.state_dict().items() if name.startswith(DECODER)}


def fit_speakers(network: nn.Module, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Adapt pretrained weights to the network's speakers: each new one starts at the mean of the pretrained speakers.

    In a network of one speaker without a table (Diff-SVC), the mean is added to the bias at the same place.
    """
    here = network.state_dict()
    fitted = dict(weights)
    for name, table in weights.items():
        if not name.endswith(SPEAKER_TABLES) or (name in here and here[name].shape == table.shape):
            continue
        mean = table.float().mean(dim=0)
        bias = name.replace("speaker.weight", "content_projection.bias")
        if name in here:
            fitted[name] = mean.expand(len(here[name]), -1)
        elif bias in fitted:
            fitted[bias] = fitted[bias].float() + mean
            del fitted[name]
    return fitted
