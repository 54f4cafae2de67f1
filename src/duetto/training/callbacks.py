"""Callbacks around the training steps: the clock, checkpoints, loss logging, validations, progress.

Each callback does one thing; they run after a batch in the order in which `training.run` lists them.
"""

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from rich.console import Console
from rich.progress import TaskID

from duetto.renamed import current_metric
from duetto.storage.files import atomic_path, write_text
from duetto.storage.run_folder import RunFolder
from duetto.terminal import TEXT, bars
from duetto.training.checkpoint import save_checkpoint
from duetto.training.module import TrainingModule
from duetto.training.overtraining import OvertrainingReport, detect_overtraining
from duetto.training.selection import (
    forget_validations_after,
    keep_validation,
    newest_validation,
    write_overtraining_report,
)
from duetto.training.stopping import StopAfterStep

Scores = dict[str, float]


class Clock(Callback):
    """Counts training seconds over all resumes and stops at the limit; evaluation time is not counted.

    With several processes the clock of the first counts for all, and a signal that one of them got: they stop at the
    same step.
    """

    def __init__(self, max_minutes: float, max_steps: int, stop: StopAfterStep | None = None) -> None:
        self.max_seconds = max_minutes * 60 if max_minutes else float("inf")
        self.max_steps = max_steps
        self.stop = stop
        self._started = 0.0

    def on_train_batch_start(self, trainer: Trainer, module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Start timing the step."""
        self._started = time.perf_counter()

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Add the step's time; stop the trainer when the limit is reached."""
        assert isinstance(module, TrainingModule)
        seconds = module.seconds + (time.perf_counter() - self._started)
        module.seconds, told = module.processes.agree(seconds, 0 if self.stop is None else self.stop.told)
        if self.stop is not None:
            self.stop.agreed = told
        if module.seconds >= self.max_seconds or module.step >= self.max_steps:
            trainer.should_stop = True


class SaveCheckpoint(Callback):
    """Writes a checkpoint every few steps, after each validation, and at the end."""

    def __init__(self, folder: Path, every_steps: int, validate_every_steps: int = 0) -> None:
        self.folder = folder
        self.every_steps = every_steps
        self.validate_every_steps = validate_every_steps

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save a checkpoint when one is due."""
        assert isinstance(module, TrainingModule)
        after_validation = self.validate_every_steps and module.step % self.validate_every_steps == 0
        if module.step % self.every_steps == 0 or after_validation or trainer.should_stop:
            save_checkpoint(trainer, self.folder)


class StampCheckpoint(Callback):
    """Writes the origin of the weights into every checkpoint: run, data and the consent record."""

    def __init__(self, origin: dict[str, Any]) -> None:
        self.origin = origin

    def on_save_checkpoint(self, trainer: Trainer, module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Add `origin`, plain values that `torch.load(weights_only=True)` accepts."""
        checkpoint["origin"] = self.origin


class LogLosses(Callback):
    """Appends losses to losses.csv and passes them to the tracker; rows past the resumed step are dropped."""

    def __init__(self, path: Path, every_steps: int, track: Callable[[int, Scores], None]) -> None:
        self.path = path
        self.every_steps = every_steps
        self.track = track

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Remove rows that a killed run wrote after its last checkpoint."""
        assert isinstance(module, TrainingModule)
        keep_rows_up_to(self.path, module.step)

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Write one row."""
        assert isinstance(module, TrainingModule)
        if module.losses is None or (module.step - 1) % self.every_steps:
            return
        row = {"step": module.step, "minutes": module.seconds / 60, **module.losses}
        append_row(self.path, row)
        self.track(module.step, module.losses)


@dataclass(frozen=True)
class ValidationActions:
    """The actions of a validation; tests replace them."""

    evaluate: Callable[[TrainingModule], Scores]
    track: Callable[[int, Scores], None]
    show: Callable[[int], None]  # sends picture and sound to the tracker
    warn: Callable[[str], None]


class Validation(Callback):
    """Converts a validation excerpt every few steps and at the end, scores it, and keeps the weights worth keeping."""

    def __init__(self, run: Path, checkpoints: Path, every_steps: int, actions: ValidationActions) -> None:
        self.run = run
        self.path = RunFolder(run).curve
        self.checkpoints = checkpoints
        self.every_steps = every_steps
        self.actions = actions
        self.has_warned = False

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Remove rows and weights that are newer than the checkpoint."""
        assert isinstance(module, TrainingModule)
        keep_rows_up_to(self.path, module.step)
        forget_validations_after(self.checkpoints, module.step)
        if self.path.is_file():
            write_overtraining_report(
                self.run, detect_overtraining(*read_rows(self.path)), newest_validation(self.checkpoints)
            )

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Validate when due; every training step reseeds its random draws, so validations do not affect training."""
        assert isinstance(module, TrainingModule)
        if self.every_steps == 0 or (module.step % self.every_steps and not trainer.should_stop):
            return
        module.eval()
        scores = self.actions.evaluate(module)
        module.train()
        append_row(self.path, {"step": module.step, "minutes": module.seconds / 60, **scores})
        report = detect_overtraining(*read_rows(self.path))
        if report.keeps_latest:
            keep_validation(module.voice_network(), self.checkpoints, module.step)
        write_overtraining_report(self.run, report, newest_validation(self.checkpoints))
        self.actions.track(module.step, {**scores, **report.latest()})
        self.actions.show(module.step)
        self._warn(report)

    def _warn(self, report: OvertrainingReport) -> None:
        if report.overtraining_since is not None and not self.has_warned:
            self.has_warned = True
            self.actions.warn(
                f"Held-out conversions have been getting worse since step {report.overtraining_since}: overtraining "
                f"(docs/training.md). The weights of step {newest_validation(self.checkpoints)} are kept."
            )


class ShowProgress(Callback):
    """One line: share of the time or steps used, steps a second, the first loss; it fits in 80 columns."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self.clock = clock
        self.progress = bars(console, TEXT)
        self.task: TaskID = self.progress.add_task("Training", total=1.0, text="")

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Show the bar."""
        self.progress.start()

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move the bar."""
        assert isinstance(module, TrainingModule)
        share = max(module.step / self.clock.max_steps, module.seconds / self.clock.max_seconds)
        name, loss = next(iter((module.losses or {}).items()), ("", 0.0))
        first = f", {name.removeprefix('loss_')} {loss:.3f}" if name else ""
        rate = module.step / max(module.seconds, 1e-9)
        self.progress.update(self.task, completed=share, text=f"step {module.step}, {rate:.2f}/s{first}")

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Remove the bar."""
        self.progress.stop()

    def on_exception(self, trainer: Trainer, module: LightningModule, exception: BaseException) -> None:
        """Restore the terminal."""
        self.progress.stop()


def append_row(path: Path, row: dict[str, float]) -> None:
    """Append a row to a CSV file, with a header if the file is new; missing columns are added to the file."""
    text = {name: f"{value:.6g}" if isinstance(value, float) else str(value) for name, value in row.items()}
    header = _header(path)
    missing = [name for name in text if name not in header]
    if header and missing:  # a run started by a version with fewer metrics
        header += missing
        _rewrite(path, header)
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=header or list(text), restval="nan")
        if not header:
            writer.writeheader()
        writer.writerow(text)


def read_rows(path: Path) -> tuple[list[int], list[dict[str, float]]]:
    """Steps and numbers of a CSV file that `append_row` wrote."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    return [int(row["step"]) for row in rows], rows


def _header(path: Path) -> list[str]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file), [])


def _rewrite(path: Path, header: list[str]) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=header, restval="nan")
        writer.writeheader()
        writer.writerows(rows)


def keep_rows_up_to(path: Path, step: int) -> None:
    """Drop the rows of a CSV file past a step, and an incomplete last line."""
    if not path.is_file():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    width = lines[0].count(",") if lines else 0
    header = ",".join(current_metric(name) for name in lines[0].rstrip("\n").split(",")) + "\n" if lines else ""
    kept = [line for line in lines[1:] if line.endswith("\n") and line.count(",") == width and _step_of(line) <= step]
    write_text(path, header + "".join(kept))


def _step_of(line: str) -> int:
    first = line.split(",", 1)[0]
    return int(first) if first.isdigit() else 2**62
