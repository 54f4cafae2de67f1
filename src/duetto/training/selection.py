"""Checkpoint selection: the weights of the best validation are kept on disk, and become the voice at the end.

`checkpoints/validation_<step>.safetensors` holds the voice's weights. The two newest are kept, because a run
that is killed right after a validation resumes from the checkpoint before it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from duetto.errors import CheckpointError
from duetto.storage.digests import is_noted, note_weights
from duetto.storage.files import atomic_path, read_json, write_json
from duetto.storage.run_folder import RunFolder
from duetto.training.overtraining import OvertrainingReport

KEPT = 2
WORDS = ("look", "validation")  # files of earlier versions begin with the first
LAST = "last"  # value of trainer.select


@dataclass(frozen=True)
class Selection:
    """The step of a training whose weights become the voice, and why."""

    step: int
    why: str

    def as_dict(self) -> dict[str, Any]:
        """Values for run.json and the voice's card."""
        return {"step": self.step, "why": self.why}


def validation_path(folder: Path, step: int) -> Path:
    """Path of a validation's weights; `folder` is that of the checkpoints."""
    name = f"_{step:09d}.safetensors"
    old = folder / f"look{name}"
    return old if old.is_file() else folder / f"validation{name}"


def kept_validations(folder: Path) -> dict[int, Path]:
    """Step and file of every validation on disk, by ascending step."""
    found = [path for word in WORDS for path in folder.glob(f"{word}_" + "[0-9]" * 9 + ".safetensors")]
    return dict(sorted((int(path.stem.split("_")[1]), path) for path in found))


def keep_validation(network: nn.Module, folder: Path, step: int) -> None:
    """Write the weights of a validation, and remove all but the newest files."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    with atomic_path(validation_path(folder, step)) as temporary:
        save_file(state, temporary)
        note_weights(validation_path(folder, step), temporary)
    for path in list(kept_validations(folder).values())[:-KEPT]:
        path.unlink()


def forget_validations_after(folder: Path, step: int) -> None:
    """Remove validations that a killed run made after the checkpoint it resumes from; they will be repeated."""
    for at, path in kept_validations(folder).items():
        if at > step:
            path.unlink()


def newest_validation(folder: Path) -> int | None:
    """Step of the newest validation on disk; None before the first."""
    return max(kept_validations(folder), default=None)


def write_overtraining_report(run: Path, report: OvertrainingReport, kept: int | None) -> None:
    """Write overtraining.json: the rule, the validations, and the step whose weights are kept."""
    write_json(RunFolder(run).overtraining, {**report.as_dict(), "kept_step": kept})


def select_weights(asked: str, run: Path, checkpoints: Path, network: nn.Module, last_step: int) -> Selection:
    """Load the weights of the selected step into the network, which holds those of the last step.

    Args:
        asked: `trainer.select`, best or last.
        run: The run's folder.
        checkpoints: Where its validations are.
        network: What the voice is made of.
        last_step: Of the training.

    Raises:
        CheckpointError: If the selected weights are missing or damaged.
    """
    if asked == LAST:
        return Selection(last_step, "the last step, as trainer.select=last asks")
    said = RunFolder(run).overtraining
    report = read_json(said) if said.is_file() else {}
    step = newest_validation(checkpoints) or report.get("kept_step")
    if step is None or report.get("noise") is None:
        return Selection(last_step, "the last step: too few validations to tell one moment from another")
    if step == last_step:
        return Selection(last_step, "the last step, which no validation before it beats by more than the noise")
    path = validation_path(checkpoints, step)
    remedy = f"Use trainer.select=last, or delete {checkpoints} and train again."
    if path.is_file() and is_noted(path, path.name) is False:
        raise CheckpointError(
            f"{path}, the weights of the best validation, is damaged: its SHA-256 does not match. {remedy}"
        )
    try:
        network.load_state_dict(load_file(path), strict=True)
    except (FileNotFoundError, SafetensorError, RuntimeError) as error:
        raise CheckpointError(
            f"{path}, the weights of the best validation, cannot be read ({str(error).splitlines()[0]}). {remedy}"
        ) from error
    since = report.get("overtraining_since_step")
    word = f"overtraining since step {since}" if since else "the validations after it were worse"
    return Selection(step, f"the latest validation within the noise of the best; {word}")
