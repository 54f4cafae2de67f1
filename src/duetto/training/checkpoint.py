"""Checkpoints, from which a killed run resumes exactly.

A checkpoint holds the networks, both optimisers, the step, and the training time used. It needs no random state: every
step seeds its random draws from (seed, step), and the batch is a function of the step too (`duetto.data.dataset`). A
checkpoint is written under a temporary name; the previous one is kept until the new one is complete, and is used if the
newest cannot be read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Trainer
from pytorch_lightning.plugins.io import TorchCheckpointIO

from duetto.errors import CheckpointError
from duetto.storage.digests import TRAINING, is_noted, note_checkpoint
from duetto.storage.files import atomic_path

LAST = "last.ckpt"
PREVIOUS = "previous.ckpt"
NEWEST = "new.ckpt"  # until last.ckpt has been renamed
NAMES = (NEWEST, LAST, PREVIOUS)


@dataclass(frozen=True)
class TrainingProgress:
    """Progress of a run."""

    step: int = 0
    seconds: float = 0.0  # of training, evaluation excluded, over all resumes


class WriteInPlace(TorchCheckpointIO):
    """Writes in place: Lightning writes to the system's temporary folder first, and a kill would leave a file there."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write directly to `path`, which is already a temporary name; `storage_options` is not used."""
        assert storage_options is None
        torch.save(checkpoint, path)


def save_checkpoint(trainer: Trainer, folder: Path) -> None:
    """Write `last.ckpt`, keeping the previous one as `previous.ckpt`."""
    write_checkpoint(folder, lambda temporary: trainer.save_checkpoint(temporary, weights_only=False))


def write_checkpoint(folder: Path, write: Callable[[Path], None]) -> None:
    """Have `write` make a file, which becomes `last.ckpt`; the previous one is kept as `previous.ckpt`."""
    last = folder / LAST
    with atomic_path(folder / NEWEST) as temporary:
        write(temporary)
        note_checkpoint(folder, temporary, (last, folder / PREVIOUS))
    if last.exists():
        last.replace(folder / PREVIOUS)
    (folder / NEWEST).replace(last)


def find_checkpoint(folder: Path, warn: "Any") -> tuple[Path, TrainingProgress] | None:
    """The newest checkpoint that can be read, with its progress; None when the run is new.

    Args:
        folder: The run's checkpoint folder.
        warn: Called with one sentence when the newest checkpoint is damaged and the previous one is used.

    Raises:
        CheckpointError: If checkpoints exist and none can be read.
    """
    candidates = [folder / name for name in NAMES if (folder / name).is_file()]
    for path in candidates:
        try:
            return path, read_progress(path)
        except CheckpointError as error:
            warn(f"{error} The one before it is used.")
    if candidates:
        raise CheckpointError(
            f"No checkpoint in {folder} can be read: {', '.join(path.name for path in candidates)} are damaged. "
            "Delete the folder to start this run afresh."
        )
    return None


def read_progress(path: Path) -> TrainingProgress:
    """The training progress stored in a checkpoint.

    Raises:
        CheckpointError: If the file is damaged, truncated, hostile, or not one of our checkpoints.
    """
    if is_noted(path, TRAINING) is False:
        raise CheckpointError(f"Checkpoint {path} cannot be read: its SHA-256 is not the one that was recorded.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return TrainingProgress(int(state["progress"]["step"]), float(state["progress"]["seconds"]))
    except Exception as error:  # torch raises many types for damaged or hostile files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"Checkpoint {path} cannot be read ({reason}).") from error
