"""Starting from trained weights instead of random ones: our own voices, or a pretrained pair of RVC.

`model.base` names the generator: a folder (of a run, or made by `python -m duetto import G_x.pth --discriminator
D_x.pth`), one of our .safetensors, or a G_*.pth. `model.base_discriminator` names the discriminator (.safetensors or
D_*.pth); a folder that holds one brings it along. Every tensor has to fit; there is no partial start.
"""

from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from duetto.conversion.interchange.importing import DISCRIMINATOR_NAME
from duetto.conversion.interchange.training_checkpoint import DISCRIMINATOR, GENERATOR, read_training_checkpoint
from duetto.conversion.voice import VOICE_FOLDER, WEIGHTS_NAME
from duetto.errors import CheckpointError
from duetto.files import sha256_file
from duetto.models.layers.discriminators import MultiPeriodDiscriminator
from duetto.models.rvc.synthesizer import Synthesizer
from duetto.models.rvc.weights import load_weights
from duetto.training.module import TrainingModule

DIFFERENCES_SHOWN = 3  # lines of torch's list of tensors that do not fit


@dataclass(frozen=True)
class Base:
    """The files that a training starts from."""

    generator: Path
    discriminator: Path | None

    def digests(self) -> dict[str, str]:
        """SHA-256 of each file, by what it is."""
        digests = {"base": sha256_file(self.generator)}
        return digests if self.discriminator is None else digests | {"discriminator": sha256_file(self.discriminator)}

    def sentence(self) -> str:
        """What a user is told."""
        second = f"discriminator from {self.discriminator}" if self.discriminator else "a new discriminator"
        return f"Training starts from the weights of {self.generator}, {second}."


def find_base(generator: str, discriminator: str | None) -> Base:
    """The files that the two settings mean.

    Raises:
        CheckpointError: If one is missing.
    """
    path = Path(generator).expanduser()
    beside: Path | None = None
    if path.is_dir():
        folder = path / VOICE_FOLDER if (path / VOICE_FOLDER).is_dir() else path
        path, beside = folder / WEIGHTS_NAME, folder / DISCRIMINATOR_NAME
    judge = Path(discriminator).expanduser() if discriminator else beside if beside and beside.is_file() else None
    for file in (path, judge):
        if file is not None and not file.is_file():
            raise CheckpointError(f"model.base: there is no {file}. Give a run's folder, a .safetensors or a G_*.pth.")
    return Base(path, judge)


def load_base(module: TrainingModule, base: Base) -> None:
    """Copy the base's weights into an untrained module.

    Raises:
        CheckpointError: If a file is damaged, or a tensor is missing, unknown or misshapen.
    """
    _load(module.exported_network(), base.generator, GENERATOR)
    if base.discriminator is not None:
        judge = getattr(module, "discriminator", None)
        if judge is None:
            raise CheckpointError("model.base_discriminator: this architecture has no discriminator. Leave it out.")
        _load(judge, base.discriminator, DISCRIMINATOR)


def _load(network: nn.Module, path: Path, role: str) -> None:
    if path.suffix != ".safetensors":
        if not isinstance(network, Synthesizer | MultiPeriodDiscriminator):
            raise CheckpointError(f"model.base: {path} is a file of RVC, but another architecture is trained.")
        return load_weights(network, read_training_checkpoint(path, role).weights)
    try:
        network.load_state_dict(load_file(path), strict=True)
    except SafetensorError as error:
        raise CheckpointError(f"model.base: {path} is damaged or truncated ({error}). Copy it again.") from error
    except RuntimeError as error:
        lines = "; ".join(line.strip() for line in str(error).splitlines()[1 : 1 + DIFFERENCES_SHOWN])
        raise CheckpointError(
            f"model.base: {path} does not fit the {role} of this model ({lines[:400]}). "
            "Choose the model/size and num_speakers that it was trained with."
        ) from error
    return None
