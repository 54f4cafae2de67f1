"""The optimisation: module, data and callbacks in a Lightning trainer.

Several processes may train together. `fit` is what the first of them does, `take_steps` what all of them do.
"""

import logging
import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from pytorch_lightning import Callback, Trainer
from rich.console import Console
from torch import nn

from duetto.architectures.registry import architecture_of
from duetto.data.dataset import CropDataset, describe_use
from duetto.report.own_songs import PAGE
from duetto.runs.own_songs import OwnSongs
from duetto.runs.prepare import PreparedData, make_crop_plan
from duetto.runs.team import Team
from duetto.runs.validate import ValidationSong
from duetto.runs.work import Work
from duetto.settings.run_config import TrainConfig
from duetto.storage.files import make_folder
from duetto.storage.run_folder import RunFolder
from duetto.training.callbacks import (
    Clock,
    LogLosses,
    SaveCheckpoint,
    ShowProgress,
    StampCheckpoint,
    Validation,
    ValidationActions,
)
from duetto.training.checkpoint import WriteInPlace, find_checkpoint
from duetto.training.hardware import Hardware
from duetto.training.module import TrainingModule
from duetto.training.own_songs import ConvertOwnSongs, OwnSongActions
from duetto.training.precision import Precision
from duetto.training.selection import Selection, select_weights
from duetto.training.stopping import StopAfterStep
from duetto.training.tracking import Tracker
from duetto.voices.pretrained import choose_base, explain_start, make_module

Draw = Callable[[Path, Path, Path | None], bytes]  # source, output and reference as one picture, PNG


@dataclass(frozen=True)
class FitResult:
    """A trained network, its steps and its training time."""

    network: nn.Module
    steps: int
    seconds: float
    selection: Selection  # the step whose weights the network has

    SUMMARY: ClassVar[tuple[str, ...]] = ("steps", "training_minutes", "hours", "selected")  # fields of `summary`

    def summary(self) -> dict[str, Any]:
        """The fields for run.json and the voice's card."""
        times = {"steps": self.steps, "training_minutes": self.seconds / 60, "hours": self.seconds / 3600}
        return {**times, "selected": self.selection.as_dict()}


def fit(
    config: TrainConfig,
    prepared: PreparedData,
    hardware: Hardware,
    folder: Path,
    tracker: Tracker,
    console: Console,
    draw: Draw | None = None,
    team: Team | None = None,
) -> FitResult:
    """Train from the last checkpoint, or from the start, until the limit of minutes or steps.

    Args:
        config: Settings of the run.
        prepared: Training data and held-out songs.
        hardware: The device to train on.
        folder: The run's folder.
        tracker: Logs losses, scores, pictures and sounds.
        console: Receives progress messages.
        draw: Draws the held-out conversions; None = the tracker logs sounds only.
        team: The processes that train together; None = this one alone.

    Returns:
        The network of the last step, or of the step that the rule selects (`trainer.select`).
    """
    checkpoints = make_folder(RunFolder(folder).checkpoints)
    found = find_checkpoint(checkpoints, lambda sentence: console.print(f"[yellow]warning:[/] {sentence}"))
    module = make_module(config.model, config.features, config.seed)
    module.step_precision = Precision(hardware.precision, hardware.accelerator)
    if found:
        minutes = found[1].seconds / 60
        console.print(f"Resuming from step {found[1].step} ({minutes:.1f} minutes of training done).")
    first_step = found[1].step if found else 0
    clock = Clock(config.trainer.max_minutes, config.trainer.max_steps)
    if not (found and is_over(found[1].step, found[1].seconds, clock)):
        plan = make_crop_plan(config, prepared)
        console.print(describe_use(plan, config.features.sample_rate))
        if not found:
            console.print(explain_start(config.model, choose_base(config.model, config.features)))
            note = module.learn_statistics(plan)
            if note:
                console.print(note)
        work = Work(config, plan, folder, first_step, found[0] if found else None)
        module.processes = (team or Team()).share(work, hardware)
        callbacks = make_callbacks(config, prepared, folder, clock, tracker, console, draw)
        start = time.perf_counter()
        take_steps(module, work, hardware, callbacks, console.print)
        enter_pace(config, prepared, module, time.perf_counter() - start, first_step)
    else:
        module.load_state_dict(torch.load(found[0], map_location="cpu", weights_only=True)["state_dict"])
        module.step, module.seconds = found[1].step, found[1].seconds
    network = module.voice_network().cpu().eval()
    selection = select_weights(config.trainer.select, folder, checkpoints, network, module.step)
    console.print(f"The voice has the weights of step {selection.step} of {module.step}: {selection.why}.")
    return FitResult(network, module.step, module.seconds, selection)


def take_steps(
    module: TrainingModule, work: Work, hardware: Hardware, callbacks: Sequence[Callback], say: Callable[[str], None]
) -> None:
    """Train until the limits; each process of a training calls it.

    Args:
        module: With the ties between the processes; weights and buffers become those of the first process.
        work: The same for all.
        hardware: The device of this process.
        callbacks: What else this process does after a step; the clock is every process's.
        say: Receives the sentence on the last step of a training that was stopped.
    """
    limits, processes = work.config.trainer, module.processes
    module.log_interval = limits.log_every_steps
    processes.take_over(module)
    dataset = CropDataset(work.plan, work.first_step, limits.max_steps, processes.rank, processes.world)
    checkpoints = RunFolder(work.run).checkpoints
    stop = StopAfterStep(checkpoints, say)
    is_resumed = work.checkpoint is not None
    with quiet_lightning(), stop.told_apart():
        clock = Clock(limits.max_minutes, limits.max_steps, stop)
        trainer = build_trainer(hardware, [clock, *callbacks, stop], checkpoints)
        loader = dataset.loader(limits.num_workers)
        trainer.fit(module, loader, ckpt_path=work.checkpoint, weights_only=True if is_resumed else None)


def enter_pace(config: TrainConfig, prepared: PreparedData, module: TrainingModule, wall_s: float, first: int) -> None:
    """Enter what a step and a validation took, if the training was not resumed."""
    if first == 0:
        every = config.trainer.evaluate_every_steps
        validations = math.ceil(module.step / every) * (1 + len(config.own_songs())) if every else 0
        prepared.timing.add("training", module.seconds, module.step)
        prepared.timing.add("validation", wall_s - module.seconds, validations)


def is_over(step: int, seconds: float, clock: Clock) -> bool:
    """Whether a checkpoint has already reached the limits."""
    return step >= clock.max_steps or seconds >= clock.max_seconds


def make_callbacks(
    config: TrainConfig,
    prepared: PreparedData,
    folder: Path,
    clock: Clock,
    tracker: Tracker,
    console: Console,
    draw: Draw | None,
) -> list[Callback]:
    """The callbacks of the first process in the order of their calls, which follow the clock's."""
    trainer = config.trainer
    manifest = prepared.manifest
    origin = {"run": folder.name, "data_hash": manifest.content_hash(), "consent": manifest.consent}
    callbacks: list[Callback] = [StampCheckpoint(origin)]
    callbacks.append(LogLosses(RunFolder(folder).losses, trainer.log_every_steps, tracker.log))
    pairs = prepared.pairs("val", architecture_of(config.model).can_convert)
    if trainer.evaluate_every_steps and pairs:
        song = ValidationSong(config, prepared, pairs[0], folder)
        actions = ValidationActions(
            song.evaluate,
            tracker.log,
            lambda step: tracker.show_validation(step, song.place, draw),
            lambda sentence: console.print(f"[yellow]warning:[/] {sentence}"),
        )
        every = trainer.evaluate_every_steps
        callbacks.append(Validation(folder, RunFolder(folder).checkpoints, every, actions))
    if config.validate_on is not None:
        callbacks.append(convert_own_songs(config, prepared, folder, tracker, console))
    every = trainer.checkpoint_every_steps
    checkpoints = SaveCheckpoint(RunFolder(folder).checkpoints, every, trainer.evaluate_every_steps)
    return [*callbacks, checkpoints, ShowProgress(console, clock)]


def convert_own_songs(
    config: TrainConfig, prepared: PreparedData, folder: Path, tracker: Tracker, console: Console
) -> ConvertOwnSongs:
    """The callback that lets the user's own songs be heard while training; says where."""
    songs = OwnSongs(config, prepared, folder)
    console.print("Your songs will be heard at each validation:", markup=False)
    console.print(f"  {RunFolder(folder).own_songs / PAGE}", markup=False, highlight=False, soft_wrap=True)
    actions = OwnSongActions(
        songs.convert,
        songs.forget_after,
        lambda step, written: tracker.show_own_songs(step, written, songs.source),
    )
    return ConvertOwnSongs(config.trainer.evaluate_every_steps, actions)


def build_trainer(hardware: Hardware, callbacks: list[Callback], checkpoints: Path) -> Trainer:
    """A Lightning trainer with every optional feature off (docs/decisions/lightning.md).

    To Lightning it is the only process, on any machine: it starts none, and looks for no job of Slurm. Under Slurm it
    would take a checkpoint of any run for its own that lies in its folder, which is the working folder by default
    (Lightning's issue 12369); here its folder is one that never exists.
    """
    return Trainer(
        accelerator="cuda" if hardware.accelerator == "cuda" else "cpu",
        devices=[hardware.index] if hardware.accelerator == "cuda" else 1,
        precision="32-true",  # training.precision does autocast and scaling
        max_epochs=1_000_000,
        callbacks=callbacks,
        barebones=True,  # no logger, checkpoints, summary or bar
        plugins=[WriteInPlace(), LightningEnvironment()],
        default_root_dir=checkpoints / "lightning",
    )


class quiet_lightning(warnings.catch_warnings):  # noqa: N801 - a context manager, used like a function
    """Silence hints that do not concern users (number of workers, missing val loop, hardware banner)."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        warnings.filterwarnings("ignore", module="lightning_fabric")
        for name in ("pytorch_lightning", "lightning_fabric", "lightning.pytorch", "lightning"):
            logging.getLogger(name).setLevel(logging.ERROR)
