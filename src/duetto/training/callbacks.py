"""What happens beside the steps: the clock, checkpoints, loss logging, held-out conversions, progress.

Each callback does one thing; the order in which `training.run` lists them is the order in which
they act after a batch.
"""

import csv
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from duetto.files import write_text
from duetto.training.checkpoint import save_checkpoint
from duetto.training.module import TrainingModule

Scores = dict[str, float]


class Clock(Callback):
    """Counts training seconds over all resumes and stops at the limit; evaluation is not counted."""

    def __init__(self, max_minutes: float, max_steps: int) -> None:
        self.max_seconds = max_minutes * 60 if max_minutes else float("inf")
        self.max_steps = max_steps
        self._started = 0.0

    def on_train_batch_start(self, trainer: Trainer, module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Start the step's watch."""
        self._started = time.perf_counter()

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Add the step's time; ask the trainer to stop when it is used up."""
        assert isinstance(module, TrainingModule)
        module.seconds += time.perf_counter() - self._started
        if module.seconds >= self.max_seconds or module.step >= self.max_steps:
            trainer.should_stop = True


class SaveCheckpoint(Callback):
    """Writes a checkpoint every few steps and at the end."""

    def __init__(self, folder: Path, every_steps: int) -> None:
        self.folder = folder
        self.every_steps = every_steps

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save when the step count says so."""
        assert isinstance(module, TrainingModule)
        if module.step % self.every_steps == 0 or trainer.should_stop:
            save_checkpoint(trainer, self.folder)


class StampCheckpoint(Callback):
    """Writes into every checkpoint what its weights came of: run, data and the consent record."""

    def __init__(self, origin: dict[str, Any]) -> None:
        self.origin = origin

    def on_save_checkpoint(self, trainer: Trainer, module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Add `origin`, plain values that a `weights_only` reader takes."""
        checkpoint["origin"] = self.origin


class LogLosses(Callback):
    """Appends losses to losses.csv and hands them to the tracker; rows past the resumed step are dropped."""

    def __init__(self, path: Path, every_steps: int, track: Callable[[int, Scores], None]) -> None:
        self.path = path
        self.every_steps = every_steps
        self.track = track

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Forget rows that a killed run wrote after its last checkpoint."""
        assert isinstance(module, TrainingModule)
        module.log_interval = self.every_steps
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


class HeldOutConversion(Callback):
    """Converts a validation excerpt every few steps and scores it: the curve over training time."""

    def __init__(
        self,
        path: Path,
        every_steps: int,
        evaluate: Callable[[TrainingModule], Scores],
        track: Callable[[int, Scores], None],
    ) -> None:
        self.path = path
        self.every_steps = every_steps
        self.evaluate = evaluate
        self.track = track

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Forget rows past the checkpoint."""
        assert isinstance(module, TrainingModule)
        keep_rows_up_to(self.path, module.step)

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Evaluate when the step count says so; training draws are reseeded every step and not disturbed."""
        assert isinstance(module, TrainingModule)
        if self.every_steps == 0 or module.step % self.every_steps:
            return
        module.eval()
        scores = self.evaluate(module)
        module.train()
        append_row(self.path, {"step": module.step, "minutes": module.seconds / 60, **scores})
        self.track(module.step, scores)


class ShowProgress(Callback):
    """One line: share of the time or steps used, steps a second, the first loss."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self.clock = clock
        columns = (TextColumn("Training"), BarColumn(), TextColumn("{task.fields[text]}"), TimeElapsedColumn())
        self.progress = Progress(*columns, console=console, transient=True)
        self.task: TaskID = self.progress.add_task("", total=1.0, text="")

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
        first = f", {name.removeprefix('loss_')} loss {loss:.3f}" if name else ""
        rate = module.step / max(module.seconds, 1e-9)
        self.progress.update(self.task, completed=share, text=f"step {module.step}, {rate:.2f} steps/s{first}")

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Remove the bar."""
        self.progress.stop()

    def on_exception(self, trainer: Trainer, module: LightningModule, exception: BaseException) -> None:
        """Give the terminal back."""
        self.progress.stop()


def append_row(path: Path, row: dict[str, float]) -> None:
    """Append a row to a CSV file, with a header when it is new."""
    is_new = not path.is_file() or path.stat().st_size == 0
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(row))
        if is_new:
            writer.writeheader()
        writer.writerow({name: f"{value:.6g}" if isinstance(value, float) else value for name, value in row.items()})


def keep_rows_up_to(path: Path, step: int) -> None:
    """Drop the rows of a CSV file that lie past a step, and a torn last line."""
    if not path.is_file():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    width = lines[0].count(",") if lines else 0
    kept = [line for line in lines[1:] if line.endswith("\n") and line.count(",") == width and _step_of(line) <= step]
    write_text(path, "".join(lines[:1] + kept))


def _step_of(line: str) -> int:
    first = line.split(",", 1)[0]
    return int(first) if first.isdigit() else 2**62
