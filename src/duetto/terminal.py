"""Bars on the terminal, drawn alike wherever something takes its time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

from duetto.progress import ReportProgress

TEXT = "{task.fields[text]}"  # a column for the text that a task is given beside its bar


def bars(console: Console, *columns: str | ProgressColumn) -> Progress:
    """Bars behind their descriptions, followed by columns (a string is a template); they vanish when the work ends."""
    more = (TextColumn(column) if isinstance(column, str) else column for column in columns)
    return Progress(TextColumn("{task.description}"), BarColumn(), *more, console=console, transient=True)


def print_places(console: Console, places: Mapping[str, str | Path]) -> None:
    """Print what lies where, each path whole on a line of its own, so that it can be copied."""
    for what, where in places.items():
        console.print(what, markup=False, highlight=False)
        console.print(f"  {where}", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress_bar(console: Console) -> Iterator[ReportProgress]:
    """A bar that shows what (name, done, total) calls report."""
    with bars(console, MofNCompleteColumn(), TimeRemainingColumn()) as progress:
        task = progress.add_task("", total=None)

        def report(name: str, done: int, total: int) -> None:
            progress.update(task, description=name, completed=done, total=total)

        yield report
