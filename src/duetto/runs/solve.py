"""Training in closed form: one pass over the training clips, whose result is a voice like any other.

It takes seconds, so there is nothing to validate on the way and nothing to select. The result is kept as a checkpoint
of one step: a run that is killed after it does not repeat it, and `python -m duetto base` exports it.
"""

import time
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from duetto.runs.fit import FitResult
from duetto.runs.prepare import PreparedData, make_crop_plan
from duetto.settings.run_config import TrainConfig
from duetto.storage.files import make_folder
from duetto.storage.run_folder import RunFolder
from duetto.training.checkpoint import find_checkpoint, write_checkpoint
from duetto.training.module import TrainingModule
from duetto.training.selection import Selection
from duetto.voices.pretrained import choose_base, make_module

ONLY = Selection(1, "in closed form there is one result")


def train_in_closed_form(config: TrainConfig, prepared: PreparedData, folder: Path, console: Console) -> FitResult:
    """Solve for the network, or read the solution from the run's checkpoint.

    Args:
        config: Settings of the run; the trainer's steps and minutes are not read.
        prepared: Training data.
        folder: The run's folder.
        console: Receives progress messages.

    Raises:
        CorpusError: If no clip has a frame.
        CheckpointError: If pretrained weights or the checkpoint cannot be read.
    """
    checkpoints = make_folder(RunFolder(folder).checkpoints)
    found = find_checkpoint(checkpoints, lambda sentence: console.print(f"[yellow]warning:[/] {sentence}"))
    module = make_module(config.model, config.features, config.seed)
    if found:
        path, progress = found
        module.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["state_dict"])
        module.step, module.seconds = progress.step, progress.seconds
        console.print("The solution was found before; it is read from its checkpoint.")
    else:
        console.print(explain_closed_form(config))
        _solve(module, config, prepared, console)
        prepared.timing.add("training", module.seconds, 1)
        manifest = prepared.manifest
        origin: dict[str, Any] = {"run": folder.name, "data_hash": manifest.content_hash(), "consent": manifest.consent}
        _save(module, checkpoints, origin)
    return FitResult(module.voice_network().eval(), module.step, module.seconds, ONLY)


def _solve(module: TrainingModule, config: TrainConfig, prepared: PreparedData, console: Console) -> None:
    start = time.perf_counter()
    plan = make_crop_plan(config, prepared)
    note = module.learn_statistics(plan)
    module.step, module.seconds = 1, time.perf_counter() - start
    frames = sum(clip.num_frames for clip in plan.clips)
    heard_s = frames * plan.hop_length / config.features.sample_rate
    console.print(f"One pass over {len(plan.clips)} clips, {heard_s:.1f} s, took {module.seconds:.1f} s. {note or ''}")


def _save(module: TrainingModule, checkpoints: Path, origin: dict[str, Any]) -> None:
    progress = {"step": module.step, "seconds": module.seconds}
    state = {"state_dict": module.state_dict(), "progress": progress, "origin": origin}
    write_checkpoint(checkpoints, lambda temporary: torch.save(state, temporary))


def explain_closed_form(config: TrainConfig) -> str:
    """The message for the user before the pass: what is pretrained, and what is solved for."""
    base = choose_base(config.model, config.features)
    if base is None:
        return "No pretrained weights: what voices could share is solved for from these recordings as well."
    return f"What voices share comes from the weights of {base.generator}."
