"""The terminal output of a sweep: its plan, a line for each running process, and the outcome of every run."""

import math
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import TaskID
from rich.table import Table

from duetto.errors import StorageError
from duetto.storage.files import read_json
from duetto.storage.run_folder import RunFolder
from duetto.sweeps.planned import PlannedRun, progress_of
from duetto.terminal import TEXT, bars, print_places

STYLES = {"finished": "green", "broken": "yellow", "failed": "red", "running": "cyan", "new": ""}


def minutes_text(minutes: float) -> str:
    """Minutes as text; hours from two hours on."""
    if math.isnan(minutes):
        return "not known"
    return f"{minutes / 60:.1f} h" if minutes >= 120 else f"{minutes:.1f} min"


def print_plan(runs: Sequence[PlannedRun], shared: float, wall: float, how: str, console: Console) -> None:
    """Print the runs with their states and minutes."""
    table = Table("run", "state", title="Plan", title_justify="left")
    table.add_column("remaining", justify="right")
    for run in runs:
        state = f"{run.state}{f' ({run.note})' if run.note else ''}"
        minutes = "nothing" if run.state == "finished" else minutes_text(run.minutes)
        table.add_row(escape(run.arm.name), _coloured(run.state, state), minutes)
    table.add_row("corpora and features, once", "less if they are cached", minutes_text(shared))
    left = sum(run.state != "finished" for run in runs)
    table.add_row(f"all {left} to do, {how}", "", minutes_text(shared + wall), end_section=True)
    console.print(table)


def print_outcome(runs: Sequence[PlannedRun], console: Console) -> None:
    """Print the outcome, then the folder or the error of each run."""
    table = Table("run", "state", title="Sweep", title_justify="left")
    table.add_column("minutes", justify="right")
    for run in runs:
        minutes = "" if math.isnan(run.seconds) else f"{run.seconds / 60:.1f}"
        table.add_row(escape(run.arm.name), _coloured(run.state, run.state), minutes)
    console.print(table)
    print_places(console, {run.arm.name: "\n  ".join(run.error) or str(run.folder or "") for run in runs})


def _coloured(state: str, text: str) -> str:
    style = STYLES[state]
    return f"[{style}]{escape(text)}[/]" if style else escape(text)


class LiveRuns:
    """Progress bars of the running runs and of the sweep; without a terminal, only lines of text."""

    def __init__(self, runs: Sequence[PlannedRun], console: Console) -> None:
        self.progress = bars(console, TEXT)
        self.console = console
        self.bars: dict[str, TaskID] = {}
        self.total = len(runs)
        self.ended = sum(run.state in ("finished", "failed") for run in runs)
        self.all = self.progress.add_task("Sweep", total=self.total, completed=self.ended, text="")

    def __enter__(self) -> "LiveRuns":
        self.progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        self.progress.stop()

    def start(self, run: PlannedRun) -> None:
        """Show a run that starts."""
        self.bars[run.arm.name] = self.progress.add_task(escape(run.arm.name), total=1.0, text="begins")
        if not self.console.is_terminal:
            self.console.print(f"Begun: {run.arm.name}", markup=False)

    def refresh(self, runs: Sequence[PlannedRun]) -> None:
        """Update the progress from the folders of the running runs."""
        for run in runs:
            if run.state == "running" and run.arm.name in self.bars and run.folder is not None:
                share, text = stage_of(run)
                self.progress.update(self.bars[run.arm.name], completed=share, text=text)

    def end(self, run: PlannedRun, num_runs: int = 1) -> None:
        """Show that a run has ended; it may count for several runs of the same settings."""
        self.ended += num_runs
        self.progress.remove_task(self.bars.pop(run.arm.name))
        self.progress.update(self.all, completed=self.ended, text=f"{self.ended} of {self.total}")
        self.console.print(
            f"{run.state.capitalize()} ({self.ended} of {self.total}), {run.seconds / 60:.1f} min: {run.arm.name}",
            markup=False,
        )
        for line in run.error:
            self.console.print(f"    {line}", markup=False)


def stage_of(run: PlannedRun) -> tuple[float, str]:
    """Finished share of the training, and the current stage as text."""
    assert run.folder is not None
    try:
        record = RunFolder(run.folder).record
        status = read_json(record).get("status") if record.is_file() else None
    except StorageError:
        status = None
    if status in ("trained", "finished"):
        return 1.0, "converted and scored"
    step, share = progress_of(run.folder, run.config)
    return share, f"step {step}" if step else "begins"
