"""Reads files of `torch.save` without executing code from them.

Only PyTorch's weights-only reader is used: tensors, numbers, text and plain containers. If it refuses a file, nothing
else is tried.
"""

import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from duetto.errors import CheckpointError

MAX_INFLATION = 2  # unpacked bytes over bytes on the disk; torch.save does not compress


def read_torch_file(path: Path, remedy: str) -> Any:
    """The content of a file of `torch.save`, on the CPU.

    Args:
        path: The file.
        remedy: Last sentence of the message: what to do about a file that cannot be read.

    Raises:
        CheckpointError: If it is missing, empty, truncated, hostile, or not a PyTorch file.
    """
    if not path.is_file():
        raise CheckpointError(f"There is no file {path}. {remedy}")
    try:
        refuse_inflated(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types for damaged or hostile files
        raise CheckpointError(f"{path} cannot be read: {why_unreadable(error)}. {remedy}") from error


def refuse_inflated(path: Path) -> None:
    """Refuse a small file that would fill the memory.

    Raises:
        pickle.UnpicklingError: If its entries unpack to far more than the file's size.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > MAX_INFLATION * path.stat().st_size:
        raise pickle.UnpicklingError(f"{path.stat().st_size} bytes claim to unpack to {unpacked}")


def refuse_expanded(tensors: Mapping[str, Tensor], path: Path, remedy: str) -> None:
    """Refuse a small file that would fill the memory, before tensors read from it are copied.

    Args:
        tensors: By name.
        path: The file.
        remedy: Last sentence of the message.

    Raises:
        CheckpointError: If they are not plain, or hold more numbers than the file has room for.
    """
    strange = sorted(name for name, tensor in tensors.items() if tensor.layout != torch.strided or tensor.is_meta)
    if strange:
        raise CheckpointError(f"{path}: {', '.join(strange[:5])} are not plain tensors, which is refused. {remedy}")
    claimed = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if claimed > MAX_INFLATION * path.stat().st_size:
        raise CheckpointError(
            f"{path}: its tensors claim {claimed} bytes in a file of {path.stat().st_size}, which is refused. {remedy}"
        )


def why_unreadable(error: Exception) -> str:
    """Why a weights file was not read, in plain words."""
    refused = re.search(r"GLOBAL ([\w.]+)", str(error))
    if refused is not None:
        return f"it contains more than tensors ({refused[1]}), which is refused"
    if isinstance(error, OSError):
        return f"it is truncated or damaged ({error})"
    if "claim to unpack" in str(error):
        return f"its {error}, which is refused"
    return "it is truncated, damaged or no file of PyTorch"
