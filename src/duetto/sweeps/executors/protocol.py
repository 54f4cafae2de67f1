"""What every executor takes and gives: tasks, and how each of them ended."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

POLL_S = 0.25
ERROR_LINES = 6  # last lines of output that are reported of a failed process
ERROR_MARK = "error: "  # start of a DuettoError's sentence (duetto.errors.print_error)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
OnStart = Callable[["Task"], None]  # called when a task is worked on
OnPoll = Callable[[], None]  # called now and then while tasks are worked on


@dataclass(frozen=True)
class Task:
    """A process to start."""

    name: str  # path of the run's folder
    command: tuple[str, ...]
    log: Path  # its output, both streams; overwritten
    settings: tuple[str, ...] = ()  # of the run, within the command
    data: Path = Path("data")  # folder of corpora and caches


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    task: Task
    status: int  # 0 = success
    seconds: float
    last_lines: tuple[str, ...]  # empty after success
    interruption: str = ""  # what ended it from outside, such as its time limit; empty if it ended by itself


class Executor(Protocol):
    """Works tasks off."""

    @property
    def at_once(self) -> int:
        """How many tasks are worked on at once at most."""

    @property
    def preparer(self) -> "Executor | None":
        """What makes the corpora of a sweep; None = this process, one after another."""

    def sentence(self) -> str:
        """Where and how tasks are worked on, for the plan; nothing is started."""

    def run(self, tasks: Sequence[Task], on_start: OnStart, on_poll: OnPoll) -> Generator[Ended, None, None]:
        """Work the tasks off and yield each as it ends; closing the iterator ends those that are left.

        Raises:
            DuettoError: If the tasks cannot be started.
        """


def thread_variables(threads: int) -> dict[str, str]:
    """The part of an environment that holds numerical libraries to so many threads."""
    return {**dict.fromkeys(THREAD_VARIABLES, str(threads)), "OMP_WAIT_POLICY": "PASSIVE"}


def last_lines(log: Path, status: int) -> tuple[str, ...]:
    """Why a process failed: the sentence of its error, its last lines of output, or its signal."""
    said = [line.rstrip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    sentences = [line.removeprefix(ERROR_MARK) for line in said if line.startswith(ERROR_MARK)]
    if sentences:
        return (sentences[-1],)
    if status < 0:
        reason = " (the system often sends 9 for lack of memory)" if status == -9 else ""
        return (*said[-2:], f"ended by signal {-status}{reason}")
    return tuple(said[-ERROR_LINES:]) or (f"ended with status {status} and no output",)
