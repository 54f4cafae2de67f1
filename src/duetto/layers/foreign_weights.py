"""Strict copies between a network and a file with different tensor names.

A network's names are turned into foreign ones by ordered replacements. Files store weight-normalised layers as length
(`weight_g`) and direction (`weight_v`); ours are `parametrizations.weight.original0` and `original1`.
"""

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from duetto.errors import CheckpointError

NAMES_SHOWN = 5  # tensors named in an error message

Renamings = Sequence[tuple[str, str]]  # pattern and replacement, applied in order

WEIGHT_NORM_RENAMINGS: Renamings = (
    (r"\.parametrizations\.weight\.original0$", ".weight_g"),
    (r"\.parametrizations\.weight\.original1$", ".weight_v"),
)


def foreign_name(name: str, renamings: Renamings) -> str:
    """The name of one of our tensors in a file."""
    for pattern, replacement in renamings:
        name = re.sub(pattern, replacement, name)
    return name


def foreign_tensors(module: nn.Module, renamings: Renamings) -> dict[str, Tensor]:
    """The module's own tensors (not copies) by foreign name."""
    return {foreign_name(name, renamings): tensor for name, tensor in module.state_dict().items()}


def copy_strictly(ours: Mapping[str, Tensor], weights: Mapping[str, Tensor], what: str) -> None:
    """Copy a file's tensors into ours of the same names; all must be there, fit and be finite.

    Args:
        ours: Tensors of a network by foreign name; changed in place, or not at all.
        weights: The file's.
        what: The file, for messages.

    Raises:
        CheckpointError: Names the tensors that are missing, unknown, misshapen or not finite.
    """
    _refuse(what, "lacks", sorted(set(ours) - set(weights)))
    _refuse(what, "has unknown", sorted(set(weights) - set(ours)))
    misshapen = [
        f"{name} {tuple(weights[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in sorted(ours.items())
        if weights[name].shape != tensor.shape
    ]
    _refuse(what, "has misshapen", misshapen)
    undefined = sorted(name for name in ours if not bool(torch.isfinite(weights[name]).all()))
    _refuse(what, "has infinite or undefined values in", undefined)
    with torch.no_grad():
        for name, tensor in ours.items():
            tensor.copy_(weights[name])


def _refuse(what: str, problem: str, names: list[str]) -> None:
    if names:
        shown = ", ".join(names[:NAMES_SHOWN]) + (", ..." if len(names) > NAMES_SHOWN else "")
        raise CheckpointError(
            f"{what} {problem} {len(names)} tensors: {shown}. It belongs to a different model shape; "
            "give the configuration it was trained with."
        )
