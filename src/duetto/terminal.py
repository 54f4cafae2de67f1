"""Bars on the terminal, drawn alike wherever something takes its time; without a terminal, a line each half minute."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import render
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from duetto.progress import ReportProgress

TEXT = "{task.fields[text]}"  # a column for the text that a task is given beside its bar
BAR_WIDTH = 16  # cells; the rest of the 80 is for the texts
LINE_EVERY_S = 30.0


class Elapsed(ProgressColumn):
    """`elapsed 1:05`."""

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True, min_width=12))

    def render(self, task: Task) -> Text:
        """Draw it."""
        return Text(f"elapsed {short_clock(task.finished_time if task.finished else task.elapsed)}")


class Left(ProgressColumn):
    """`left 2:10`, from the speed so far."""

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True, min_width=6))

    def render(self, task: Task) -> Text:
        """Draw it."""
        return Text(f"left {short_clock(left_of(task))}")


class Bars(Progress):
    """Bars that vanish when the work ends; where nobody sees them, the work says each half minute how far it is."""

    def start(self) -> None:
        """Show the bars, or begin to write lines."""
        super().start()
        if not (self.console.is_terminal or self.console.quiet):
            self._ended = threading.Event()
            self._teller = threading.Thread(target=self._tell, daemon=True)
            self._teller.start()

    def stop(self) -> None:
        """Remove the bars."""
        teller: threading.Thread | None = getattr(self, "_teller", None)
        if teller is not None:
            self._ended.set()
            teller.join()
        super().stop()

    def _tell(self) -> None:
        while not self._ended.wait(LINE_EVERY_S):
            for task in self.tasks:
                if task.visible and not task.finished:
                    self.console.print(say_task(task), markup=False, highlight=False, soft_wrap=True)


def bars(console: Console, *columns: str | ProgressColumn) -> Progress:
    """Bars behind their descriptions, followed by columns (a string is a template) and the time elapsed and left."""
    more = (TextColumn(column) if isinstance(column, str) else column for column in columns)
    all_columns = (TextColumn("{task.description}"), BarColumn(BAR_WIDTH), *more, Elapsed(), Left())
    return Bars(*all_columns, console=console, transient=True)


def say_task(task: Task) -> str:
    """How far a task is, in a line: `Training: 35 %, step 120, elapsed 1:32, left 2:50`."""
    share = [] if task.total is None else [f"{task.percentage:.0f} %"]
    text = [str(task.fields["text"])] if task.fields.get("text") else []
    times = [f"elapsed {short_clock(task.elapsed)}", f"left {short_clock(left_of(task))}"]
    return f"{render(task.description).plain or 'Working'}: {', '.join([*share, *text, *times])}"


def left_of(task: Task) -> float | None:
    """Seconds left at the mean speed since the task began, s; None before anything is done."""
    if task.total is None or task.elapsed is None or not task.completed:
        return None
    return max(0.0, task.elapsed * (task.total - task.completed) / task.completed)


def short_clock(seconds: float | None) -> str:
    """Seconds as 1:05 or 2:03:10; `?` if they are unknown."""
    if seconds is None:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def print_places(console: Console, places: Mapping[str, str | Path]) -> None:
    """Print what lies where, each path whole on a line of its own, so that it can be copied."""
    for what, where in places.items():
        console.print(what, markup=False, highlight=False)
        console.print(f"  {where}", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress_bar(console: Console) -> Iterator[ReportProgress]:
    """A bar that shows what (name, done, total) calls report."""
    with bars(console, MofNCompleteColumn()) as progress:
        task = progress.add_task("", total=None)

        def report(name: str, done: int, total: int) -> None:
            progress.update(task, description=name, completed=done, total=total)

        yield report
