"""Parallel processes, one per core or one per GPU, that end with their parent.

Each has a pipe as its standard input and ends when the pipe is closed (`end_with_parent`). The system closes it when
the parent is killed, so that no process is left that still locks a run's folder.
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
GRACE_S = 5.0  # between asking a process to end and killing it
ERROR_LINES = 6  # last lines of output that are reported of a failed process
ERROR_MARK = "error: "  # start of a DuettoError's sentence (duetto.errors.print_error)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class Task:
    """A process to start."""

    name: str
    command: tuple[str, ...]
    log: Path  # its output, both streams; overwritten


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    task: Task
    status: int  # 0 = success
    seconds: float
    last_lines: tuple[str, ...]  # empty after success


@dataclass(frozen=True)
class _Active:
    task: Task
    slot: int
    process: "subprocess.Popen[bytes]"
    began: float


def environment_of(slot: int, threads: int, gpus: Sequence[str], inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of the process in a slot: its share of threads and, if there are GPUs, its GPU."""
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
    """Run tasks in order, a limited number at once, and yield each as it ends; closing the iterator ends them all."""
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
            start_new_session=True,  # Ctrl-C reaches only this process, which ends the others
        )
    return _Active(task, slot, process, time.monotonic())


def _ended(active: _Active) -> Ended:
    status = active.process.returncode
    lines = last_lines(active.task.log, status) if status else ()
    return Ended(active.task, status, time.monotonic() - active.began, lines)


def _close(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        with suppress(OSError):  # the process has ended already
            process.stdin.close()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    _close(process)
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


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


def worker_count(asked: int, runs: int, cores: int, gpus: Sequence[str]) -> int:
    """Number of parallel processes: as requested, else one per GPU, else one per core; at most one per run."""
    return max(1, min(asked or len(gpus) or cores, runs))


def visible_gpus(count: int) -> list[str]:
    """Names of the GPUs that this process may use, in the form of CUDA_VISIBLE_DEVICES."""
    named = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return named[:count] if named else [str(number) for number in range(count)]


def end_with_parent() -> None:
    """End this process and its children once the other end of standard input is closed."""

    def watch() -> None:
        while os.read(0, 1024):  # not sys.stdin, whose lock a thread must not hold when the interpreter ends
            pass
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
