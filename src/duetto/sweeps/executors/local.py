"""Parallel processes of this machine, one per core or one per GPU, that end with their parent."""

import os
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from duetto.storage.files import make_folder
from duetto.sweeps.executors.parent import close_pipe, stop
from duetto.sweeps.executors.protocol import POLL_S, Ended, OnPoll, OnStart, Task, last_lines, thread_variables


@dataclass(frozen=True)
class _Active:
    task: Task
    slot: int
    process: "subprocess.Popen[bytes]"
    began: float


@dataclass(frozen=True)
class LocalPool:
    """A limited number of processes at once, started in the order of the tasks."""

    workers: int
    threads: int  # per process
    gpus: tuple[str, ...] = ()  # names for CUDA_VISIBLE_DEVICES; empty = CPU

    @property
    def at_once(self) -> int:
        """Number of processes."""
        return self.workers

    @property
    def preparer(self) -> None:
        """Corpora are made by the command itself."""

    def sentence(self) -> str:
        """Processes and threads."""
        where = f" on {len(self.gpus)} GPUs" if self.gpus else ""
        return f"{self.workers} at once{where}, threads of each: {self.threads}"

    def run(self, tasks: Sequence[Task], on_start: OnStart, on_poll: OnPoll) -> Generator[Ended, None, None]:
        """Run tasks in order and yield each as it ends; closing the iterator ends them all."""
        waiting, free, active = list(tasks), list(range(self.workers)), list[_Active]()
        try:
            while waiting or active:
                while waiting and free:
                    slot = free.pop(0)
                    environment = environment_of(slot, self.threads, self.gpus, os.environ)
                    active.append(_start(waiting.pop(0), slot, environment))
                    on_start(active[-1].task)
                for each in [one for one in active if one.process.poll() is not None]:
                    active.remove(each)
                    free.append(each.slot)
                    close_pipe(each.process)
                    yield _ended(each)
                on_poll()
                if active and not (waiting and free):
                    time.sleep(POLL_S)
        finally:
            for each in active:
                stop(each.process)


def environment_of(slot: int, threads: int, gpus: Sequence[str], inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of the process in a slot: its share of threads and, if there are GPUs, its GPU."""
    values = {**inherited, **thread_variables(threads)}
    if gpus:
        values["CUDA_VISIBLE_DEVICES"] = gpus[slot % len(gpus)]
    return values


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


def worker_count(asked: int, runs: int, cores: int, gpus: Sequence[str]) -> int:
    """Number of parallel processes: as requested, else one per GPU, else one per core; at most one per run."""
    return max(1, min(asked or len(gpus) or cores, runs))


def visible_gpus(count: int) -> list[str]:
    """Names of the GPUs that this process may use, in the form of CUDA_VISIBLE_DEVICES."""
    named = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return named[:count] if named else [str(number) for number in range(count)]
