"""Reads a HuBERT weights file without executing anything in it.

PyTorch's weights-only reader refuses every class by default. fairseq's checkpoints hold, beside the tensors, the
settings and dictionaries of their training as pickled objects (`argparse.Namespace`,
`fairseq.data.dictionary.Dictionary`, omegaconf's containers). None of them is needed: each of those names is bound to
`_Unread`, a class of ours that takes whatever the file hands it and keeps nothing. No class of the file is ever
imported or called; any other name ends in an error.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from duetto.errors import CheckpointError
from duetto.storage.torch_file import refuse_expanded, refuse_inflated, why_unreadable

SAFETENSORS_SUFFIX = ".safetensors"
NESTING_KEYS = ("model", "hubert", "state_dict")  # where training checkpoints keep the tensors
UNREAD_PREFIXES = ("fairseq.", "omegaconf.")
UNREAD_NAMES = (
    "argparse.Namespace",
    "fairseq.data.dictionary.Dictionary",
    # what omegaconf's containers refer to
    "collections.defaultdict",
    "typing.Any",
    *(f"builtins.{kind.__name__}" for kind in (bool, dict, float, int, list, str, tuple)),
    # best losses
    "numpy.dtype",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
)


class _Unread:
    """Stands for an object of a training configuration; keeps nothing."""

    def __new__(cls, *_arguments: Any) -> Self:
        return super().__new__(cls)

    def __init__(self, *_arguments: Any) -> None: ...

    def __setstate__(self, _state: Any) -> None: ...


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file by name, on the CPU, in the types of the file.

    Args:
        path: A .safetensors file or one of `torch.save`, maybe with its tensors under "model" or "hubert".

    Raises:
        CheckpointError: If the file is missing, truncated, hostile or holds no table of tensors.
    """
    if not path.is_file():
        raise CheckpointError(f"There is no weights file {path}. Put the file there or correct features.content.path.")
    try:
        content = _read_safetensors(path) if path.suffix == SAFETENSORS_SUFFIX else _read_torch(path)
    except Exception as error:  # torch raises many types for damaged or hostile files
        raise CheckpointError(
            f"Weights file {path} cannot be read: {_reason(error)}. Download it again from its origin."
        ) from error
    return _table_of_tensors(content, path)


def _read_safetensors(path: Path) -> Any:
    return safetensors.torch.load_file(path, device="cpu")


def _read_torch(path: Path) -> Any:
    refuse_inflated(path)
    names = set(UNREAD_NAMES)
    if zipfile.is_zipfile(path):  # older files cannot be searched beforehand
        names.update(name for name in get_unsafe_globals_in_checkpoint(path) if name.startswith(UNREAD_PREFIXES))
    with safe_globals([(_Unread, name) for name in sorted(names)]):
        return torch.load(path, map_location="cpu", weights_only=True)


def _reason(error: Exception) -> str:
    return f"it is truncated or damaged ({error})" if isinstance(error, SafetensorError) else why_unreadable(error)


def _table_of_tensors(content: Any, path: Path) -> dict[str, Tensor]:
    for key in NESTING_KEYS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if not isinstance(content, Mapping):
        raise CheckpointError(f"Weights file {path} holds a {type(content).__name__}; expected a table of tensors.")
    strangers = sorted(str(name) for name, value in content.items() if not isinstance(value, Tensor))
    if strangers or not content:
        what = f"the entries {', '.join(strangers[:5])}" if strangers else "nothing"
        raise CheckpointError(f"Weights file {path} holds {what} where a table of tensors was expected.")
    table = {str(name): value for name, value in content.items()}
    refuse_expanded(table, path, "Download it again from its origin.")
    return table
