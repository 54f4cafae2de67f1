"""Processes side by side, one a core or one a GPU, that end when whoever started them does.

Each gets a pipe as its standard input and ends when that is closed (`end_with_parent`), which the system
does for a parent that is killed; so nothing is left behind that still holds a run's folder.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from duetto.storage.files import make_folder

POLL_S = 0.25
GRACE_S = 5.0  # to a process that was told to end, before it is killed
ERROR_LINES = 6  # of what a failed process said last
ERROR_MARK = "error: "  # begins the sentence of a DuettoError (duetto.errors.print_error)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class Task:
    """A process to be run."""

    name: str
    command: tuple[str, ...]
    log: Path  # what it says, both streams; overwritten


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    task: Task
    status: int  # 0 = well
    seconds: float
    last_lines: tuple[str, ...]  # empty when it ended well


@dataclass(frozen=True)
class _Active:
    task: Task
    slot: int
    process: "subprocess.Popen[bytes]"
    began: float


def environment_of(slot: int, threads: int, gpus: Sequence[str], inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of the process in a slot: its share of threads, its GPU where there are some."""
    values = {**inherited, **dict.fromkeys(THREAD_VARIABLES, str(threads)), "OMP_WAIT_POLICY": "PASSIVE"}
    if gpus:
        values["CUDA_VISIBLE_DEVICES"] = gpus[slot % len(gpus)]
    return values


def run_all(
    tasks: Sequence[Task],
    workers: int,
    environment: Callable[[int], Mapping[str, str]],
    on_start: Callable[[Task], None],
    on_poll: Callable[[], None],
) -> Generator[Ended, None, None]:
    """Run tasks in order, so many at once, and give each as it ends; whoever stops asking ends them all."""
    waiting, free, active = list(tasks), list(range(workers)), list[_Active]()
    try:
        while waiting or active:
            while waiting and free:
                slot = free.pop(0)
                active.append(_start(waiting.pop(0), slot, environment(slot)))
                on_start(active[-1].task)
            for each in [one for one in active if one.process.poll() is not None]:
                active.remove(each)
                free.append(each.slot)
                _close(each.process)
                yield _ended(each)
            on_poll()
            if active and not (waiting and free):
                time.sleep(POLL_S)
    finally:
        for each in active:
            _stop(each.process)


def _start(task: Task, slot: int, environment: Mapping[str, str]) -> _Active:
    make_folder(task.log.parent)
    with task.log.open("wb") as log:
        process = subprocess.Popen(
            task.command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,  # Ctrl-C reaches us alone, and we end it
        )
    return _Active(task, slot, process, time.monotonic())


def _ended(active: _Active) -> Ended:
    status = active.process.returncode
    lines = last_lines(active.task.log, status) if status else ()
    return Ended(active.task, status, time.monotonic() - active.began, lines)


def _close(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        with suppress(OSError):  # it ended first
            process.stdin.close()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    _close(process)
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def last_lines(log: Path, status: int) -> tuple[str, ...]:
    """Why a process failed: the sentence of its error, or the last lines that it said, or its signal."""
    said = [line.rstrip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    sentences = [line.removeprefix(ERROR_MARK) for line in said if line.startswith(ERROR_MARK)]
    if sentences:
        return (sentences[-1],)
    if status < 0:
        reason = " (9 is often the system's, for lack of memory)" if status == -9 else ""
        return (*said[-2:], f"ended by signal {-status}{reason}")
    return tuple(said[-ERROR_LINES:]) or (f"ended with status {status} and said nothing",)


def worker_count(asked: int, runs: int, cores: int, gpus: Sequence[str]) -> int:
    """Processes at once: as asked, else one a GPU, else one a core; never more than there are runs."""
    return max(1, min(asked or len(gpus) or cores, runs))


def visible_gpus(count: int) -> list[str]:
    """Names of the GPUs that this process may use, as CUDA_VISIBLE_DEVICES takes them."""
    named = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return named[:count] if named else [str(number) for number in range(count)]


def end_with_parent() -> None:
    """End this process and its children once nobody holds the other end of standard input."""

    def watch() -> None:
        while os.read(0, 1024):  # past sys.stdin, whose lock a thread must not hold when the interpreter ends
            pass
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
