"""The weights of the look that the rule keeps: on disk while training, and chosen from at the end.

`checkpoints/look_<step>.safetensors` holds the voice's weights. The two newest stay, for a run that is killed right
after a look goes on from the checkpoint before it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from duetto.errors import CheckpointError
from duetto.storage.files import atomic_path, read_json, write_json
from duetto.training.overtraining import Judgement

JUDGEMENT_NAME = "overtraining.json"  # in the run's folder: the rule, and what it says
KEPT = 2
LAST, BEST = "last", "best"


@dataclass(frozen=True)
class Choice:
    """Which moment of a training its voice is, and why."""

    step: int
    why: str

    def as_dict(self) -> dict[str, Any]:
        """For run.json and the voice's card."""
        return {"step": self.step, "why": self.why}


def look_path(folder: Path, step: int) -> Path:
    """Weights of a look; `folder` is that of the checkpoints."""
    return folder / f"look_{step:09d}.safetensors"


def kept_looks(folder: Path) -> dict[int, Path]:
    """Step and file of every look on disk, in order."""
    return {int(path.stem.removeprefix("look_")): path for path in sorted(folder.glob("look_" + "[0-9]" * 9 + ".*"))}


def keep_look(network: nn.Module, folder: Path, step: int) -> None:
    """Write the weights of a look and remove all but the newest."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    with atomic_path(look_path(folder, step)) as temporary:
        save_file(state, temporary)
    for path in list(kept_looks(folder).values())[:-KEPT]:
        path.unlink()


def forget_looks_after(folder: Path, step: int) -> None:
    """Remove looks that a killed run made after the checkpoint from which it goes on; they come again."""
    for at, path in kept_looks(folder).items():
        if at > step:
            path.unlink()


def newest_look(folder: Path) -> int | None:
    """Step of the look that is kept; None before the first."""
    return max(kept_looks(folder), default=None)


def write_judgement(run: Path, judgement: Judgement, kept: int | None) -> None:
    """Write down the rule, the looks, and the step of the one whose weights are kept."""
    write_json(run / JUDGEMENT_NAME, {**judgement.as_dict(), "kept_step": kept})


def choose_weights(asked: str, run: Path, checkpoints: Path, network: nn.Module, last_step: int) -> Choice:
    """Load the weights of the chosen moment into the network, which holds the last ones.

    Args:
        asked: `trainer.choose`, best or last.
        run: The run's folder.
        checkpoints: Where its looks are.
        network: What the voice is made of.
        last_step: Of the training.

    Raises:
        CheckpointError: If the chosen weights are missing or damaged.
    """
    if asked == LAST:
        return Choice(last_step, "the last step, as trainer.choose=last asks")
    judgement = read_json(run / JUDGEMENT_NAME) if (run / JUDGEMENT_NAME).is_file() else {}
    step = newest_look(checkpoints) or judgement.get("kept_step")
    if step is None or judgement.get("noise") is None:
        return Choice(last_step, "the last step: too few looks at held-out conversions to tell moments apart")
    if step == last_step:
        return Choice(last_step, "the last step, which no look before it beats by more than the noise")
    path = look_path(checkpoints, step)
    try:
        network.load_state_dict(load_file(path), strict=True)
    except (FileNotFoundError, SafetensorError, RuntimeError) as error:
        raise CheckpointError(
            f"{path}, the weights of the best look, cannot be read ({str(error).splitlines()[0]}). "
            f"Use trainer.choose=last, or delete {run} and train again."
        ) from error
    since = judgement.get("overtraining_since_step")
    word = f"overtraining since step {since}" if since else "the looks after it were worse"
    return Choice(step, f"the latest look within the noise of the best; {word}")
