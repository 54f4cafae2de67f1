"""Reads training checkpoints `G_*.pth` and `D_*.pth`, including pretrained weights such as f0G40k.pth.

The file is a dict {model, iteration, optimizer, learning_rate}. The optimiser is ignored: its state is in the order in
which the layers were built, which differs between programs. The file does not name the network's shape, so it is the
one that fits all tensors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from duetto.architectures.rvc.discriminator import MultiPeriodDiscriminator
from duetto.architectures.rvc.shapes import CONTENT_DIMENSIONS, SHAPE_NAMES, discriminator_periods, ecosystem_shape
from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.architectures.rvc.weights import foreign_name, load_weights
from duetto.errors import CheckpointError
from duetto.storage.torch_file import read_torch_file
from duetto.voices.interchange.public_model import CONTENT_KEY, MAX_SPEAKERS, PITCH_KEY, SPEAKER_KEY, read_weights
from duetto.voices.interchange.settings import shape_name

REMEDY = "Give a training checkpoint (G_*.pth or D_*.pth) of RVC WebUI or Applio; if this is one, copy it again."
GENERATOR, DISCRIMINATOR = "generator", "discriminator"


@dataclass(frozen=True)
class TrainingCheckpoint:
    """One network of a training, with upstream's names."""

    weights: dict[str, Tensor]
    role: str  # generator | discriminator
    epoch: int | None

    @property
    def num_speakers(self) -> int:
        """Rows of the speaker table; 0 without one."""
        table = self.weights.get(SPEAKER_KEY)
        return table.shape[0] if table is not None and table.ndim == 2 else 0


def is_training_checkpoint(content: Any) -> bool:
    """Whether a file's content looks like a training checkpoint of RVC."""
    if not isinstance(content, Mapping) or not isinstance(content.get("model"), Mapping):
        return False
    return any(str(name).startswith(("enc_p.", "discriminators.")) for name in content["model"])


def parse_training_checkpoint(content: Any, path: Path) -> TrainingCheckpoint:
    """Parse a training checkpoint.

    Raises:
        CheckpointError: If the content is something else.
    """
    if not is_training_checkpoint(content):
        raise CheckpointError(f"{path} holds no `model` with the networks of RVC. {REMEDY}")
    weights = read_weights(content["model"], path)
    epoch = content.get("iteration")
    role = GENERATOR if any(name.startswith("enc_p.") for name in weights) else DISCRIMINATOR
    return TrainingCheckpoint(weights, role, epoch if isinstance(epoch, int) else None)


def read_training_checkpoint(path: Path, role: str) -> TrainingCheckpoint:
    """Read one of the two files of a training.

    Raises:
        CheckpointError: If it cannot be read, or holds the other network.
    """
    checkpoint = parse_training_checkpoint(read_torch_file(path, REMEDY), path)
    if checkpoint.role != role:
        raise CheckpointError(f"{path} holds a {checkpoint.role}; expected a {role}.")
    return checkpoint


def load_training_checkpoint(network: Any, path: Path, role: str) -> None:
    """Copy the tensors of one of the two files into a network of its shape.

    Raises:
        CheckpointError: If it cannot be read, holds the other network, or is of another version or rate; names both.
    """
    checkpoint = read_training_checkpoint(path, role)
    if role == GENERATOR:
        _require_size(network, checkpoint, path)
    else:
        _require_version(network, checkpoint, path)
    load_weights(network, checkpoint.weights)


def _require_size(network: Synthesizer, checkpoint: TrainingCheckpoint, path: Path) -> None:
    if not different_tensors(checkpoint.weights, _tensors_of(network)):
        return
    content, width = checkpoint.weights.get(CONTENT_KEY), network.config.content_dimension
    if content is not None and content.ndim == 2 and content.shape[1] != width:
        raise CheckpointError(
            f"base: {path} reads content {content.shape[1]} wide, but features.content gives {width}. Write "
            f"features=contentvec_{content.shape[1]} features.content.path=hub, or give another base."
        )
    found, wanted = find_shape(checkpoint, path), shape_name(network.config)
    if found != wanted:
        own = f"is {wanted}" if wanted else "has a shape of duetto's own"
        raise CheckpointError(
            f"base: {path} is the generator of {found}, but the model {own}. Write "
            f"model/size={found.rpartition('_')[0]}, or give the pair of the model's size."
        )


def _require_version(network: MultiPeriodDiscriminator, checkpoint: TrainingCheckpoint, path: Path) -> None:
    found = len({name.split(".")[1] for name in checkpoint.weights if name.startswith("discriminators.")})
    if found != len(network.discriminators):
        versions = {len(discriminator_periods(version)) + 1: version for version in CONTENT_DIMENSIONS}
        theirs, ours = (versions.get(count, "an unknown version") for count in (found, len(network.discriminators)))
        raise CheckpointError(
            f"model.base_discriminator: {path} is a discriminator of {theirs}, but the model has that of {ours}. "
            "Give the D that belongs to G."
        )


def find_shape(checkpoint: TrainingCheckpoint, path: Path) -> str:
    """Upstream's shape that fits all tensors of a generator, such as `v2_40k_f0`.

    Raises:
        CheckpointError: If there is none; names the tensors that do not fit the nearest one.
    """
    weights = checkpoint.weights
    if not 1 <= checkpoint.num_speakers <= MAX_SPEAKERS:
        raise CheckpointError(
            f"{path}: {SPEAKER_KEY} has {checkpoint.num_speakers} rows; expected 1 to {MAX_SPEAKERS}."
        )
    widths = {width: version for version, width in CONTENT_DIMENSIONS.items()}
    content = weights.get(CONTENT_KEY)
    version = widths.get(content.shape[1]) if content is not None and content.ndim == 2 else None
    if version is None:
        raise CheckpointError(f"{path}: {CONTENT_KEY} is missing or of an unknown width ({list(widths)}).")
    kind = "f0" if PITCH_KEY in weights else "nof0"
    names = [name for name in SHAPE_NAMES if name.startswith(f"{version}_") and name.endswith(f"_{kind}")]
    differences = {
        name: different_tensors(weights, expected_tensors(name, checkpoint.num_speakers, True)) for name in names
    }
    nearest = min(names, key=lambda name: len(differences[name]))
    if differences[nearest]:
        raise CheckpointError(
            f"{path} has no known shape; the nearest is {nearest}, but {len(differences[nearest])} tensors "
            f"differ: {', '.join(differences[nearest][:5])}."
        )
    return nearest


def different_tensors(weights: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Sorted names of missing, unknown and misshapen tensors."""
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def expected_tensors(shape: str, num_speakers: int, with_posterior: bool) -> dict[str, tuple[int, ...]]:
    """Sizes of every tensor of a shape by upstream's name, without allocating memory."""
    with torch.device("meta"):
        return _tensors_of(Synthesizer(ecosystem_shape(shape, num_speakers, with_posterior)))


def _tensors_of(network: Synthesizer) -> dict[str, tuple[int, ...]]:
    return {foreign_name(name): tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def build_discriminator(checkpoint: TrainingCheckpoint, version: str) -> MultiPeriodDiscriminator:
    """The discriminator of a training checkpoint.

    Raises:
        CheckpointError: If a tensor is missing, unknown, misshapen or not finite; names it.
    """
    discriminator = MultiPeriodDiscriminator(discriminator_periods(version))
    load_weights(discriminator, checkpoint.weights)
    return discriminator
