"""A sweep as tasks of Ray: on this machine, or on a cluster that may grow and shrink."""

import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from duetto.errors import ConfigError
from duetto.settings.executor_config import RayConfig
from duetto.storage.files import make_folder, write_text
from duetto.storage.run_folder import RunFolder
from duetto.sweeps.executors.carried import pack, unpack
from duetto.sweeps.executors.node import Cell, CellEnd, fetch, work_on
from duetto.sweeps.executors.protocol import POLL_S, Ended, OnPoll, OnStart, Task
from duetto.workers import num_cores

WORD_FILE = "shared.txt"  # in the sweep's folder: a node that reads it there shares the folder
ANSWER_S = 10.0  # a cluster's port is open within this time, or there is none
MAX_TRIES = 20  # of a task that is started again after an interruption
GB = 1024**3
NO_MEMORY = "Ray ended it for lack of memory. Ask for more: executor.memory=16 (GB)."
LOST = "Its node or its process was lost ({what}). The same command resumes it."


@dataclass(frozen=True)
class RayExecutor:
    """Gives each task to Ray, which places it where there are cores, GPUs and memory for it."""

    config: RayConfig
    folder: Path  # of the sweep
    parallel: int  # tasks at once at most

    @property
    def at_once(self) -> int:
        """Number of tasks given to Ray at once; without a cluster, as many as this machine has cores for."""
        here = max(1, num_cores() // self.config.cpus)
        return self.parallel if self.config.address else min(self.parallel, here)

    @property
    def preparer(self) -> None:
        """Corpora are made by the command itself."""

    def sentence(self) -> str:
        """What is asked of Ray."""
        config = self.config
        where = f"at {config.address}" if config.address else "on this machine"
        memory = f", {config.memory:g} GB" if config.memory else ""
        gpus = f", {config.gpus:g} GPU" if config.gpus else ""
        limit = f", {config.minutes} min" if config.minutes else ""
        cores = f"{config.cpus} core{'s' * (config.cpus > 1)}"
        return f"a Ray task each {where}, {self.at_once} at once: {cores}{gpus}{memory}{limit}"

    def run(self, tasks: Sequence[Task], on_start: OnStart, on_poll: OnPoll) -> Generator[Ended, None, None]:
        """Give the tasks to Ray and yield each as it ends; closing the iterator cancels those that are left.

        Raises:
            ConfigError: If there is no cluster at the address, or this machine cannot hold a task.
        """
        with connected(self.config) as ray:
            _check_room(ray, self.config)
            yield from _Tasks(self, ray, tasks, on_start, on_poll)

    def word(self) -> str:
        """The random word of the sweep, written into its folder once."""
        path = self.folder / WORD_FILE
        if not path.is_file():
            write_text(path, secrets.token_hex(8))
        return path.read_text(encoding="utf-8")


class _Tasks:
    """Tasks on their way: those that wait for a place, and those that Ray has."""

    def __init__(
        self, executor: RayExecutor, ray: Any, tasks: Sequence[Task], on_start: OnStart, on_poll: OnPoll
    ) -> None:
        self.executor, self.ray = executor, ray
        self.on_start, self.on_poll = on_start, on_poll
        self.waiting, self.active = list(tasks), dict[Any, tuple[Task, float]]()
        self.begun: set[str] = set()
        self.tries = dict.fromkeys((task.name for task in tasks), 0)
        self.word = executor.word()
        config = executor.config
        needs = {"num_cpus": config.cpus, "num_gpus": config.gpus, "memory": config.memory * GB or None}
        self.remote = ray.remote(max_retries=0, **needs)(work_on)

    def __iter__(self) -> Generator[Ended, None, None]:
        """Each task's end, as it comes."""
        try:
            while self.waiting or self.active:
                while self.waiting and len(self.active) < self.executor.at_once:
                    self._give(self.waiting.pop(0))
                for end in self._ends():
                    self._begin(end.task)
                    yield end
                for task, _ in self.active.values():
                    if task.log.is_file():
                        self._begin(task)
                self.on_poll()
        finally:
            for reference in self.active:
                self.ray.cancel(reference, force=True)  # the node's worker ends with the task's process

    def _give(self, task: Task) -> None:
        config, executor = self.executor.config, self.executor
        task.log.unlink(missing_ok=True)
        word_file = str((executor.folder / WORD_FILE).absolute())
        here = str(Path.cwd())
        folders = config.folders if config.address or config.folders == "fetched" else "shared"
        cell = Cell(task, here, word_file, self.word, config.cpus, config.minutes, folders)
        earlier = partial(fetch, self._put_earlier(task) if folders != "shared" else None)
        self.active[self.remote.remote(cell, earlier)] = (task, time.monotonic())
        self.tries[task.name] += 1

    def _put_earlier(self, task: Task) -> list[Any] | None:
        """What there is of the run, where nodes can ask for it; in a list, so that Ray sends it only then."""
        run = Path(task.name)
        return [self.ray.put(pack(run, task.data))] if RunFolder(run).is_run else None

    def _begin(self, task: Task) -> None:
        if task.name not in self.begun:
            self.begun.add(task.name)
            self.on_start(task)

    def _ends(self) -> list[Ended]:
        done, _ = self.ray.wait(list(self.active), num_returns=1, timeout=POLL_S)
        ends = []
        for reference in done:
            task, began = self.active.pop(reference)
            end = self._end_of(reference, task, time.monotonic() - began)
            if end.interruption and self.executor.config.requeue and self.tries[task.name] < MAX_TRIES:
                self.waiting.append(task)
            else:
                ends.append(end)
        return ends

    def _end_of(self, reference: Any, task: Task, seconds: float) -> Ended:
        errors = self.ray.exceptions
        try:
            end: CellEnd = self.ray.get(reference)
        except errors.OutOfMemoryError:
            return Ended(task, 1, seconds, (NO_MEMORY,))
        except errors.RayTaskError as error:  # our function raised on the node
            return Ended(task, 1, seconds, (_last_line(error),))
        except errors.RayError as error:
            return Ended(task, 1, seconds, (), LOST.format(what=type(error).__name__))
        _take_home(task, end)
        return Ended(task, end.status, end.seconds, end.last_lines, end.interruption)


def _take_home(task: Task, end: CellEnd) -> None:
    """Put what a node with folders of its own has sent where the run and its log belong."""
    if end.output is not None:
        make_folder(task.log.parent)
        task.log.write_text(end.output, encoding="utf-8")
    if end.run is not None:
        unpack(end.run, Path(task.name), task.data)
        if RunFolder(Path(task.name)).is_run:
            from duetto.runs.registration import register_run  # slow: numerical libraries

            register_run(RunFolder(Path(task.name)))


def _last_line(error: Exception) -> str:
    said = [line.strip() for line in str(error).splitlines() if line.strip()]
    if any("No module named 'duetto'" in line for line in said):
        return "A node has no duetto. Install it there, or send it: executor.runtime_env={py_modules: [src/duetto]}."
    return said[-1] if said else type(error).__name__


def _check_room(ray: Any, config: RayConfig) -> None:
    """Refuse a task that this machine can never hold; a cluster may grow.

    Raises:
        ConfigError: If so.
    """
    if config.address:
        return
    has = ray.cluster_resources()
    for name, wanted in (("CPU", config.cpus), ("GPU", config.gpus)):
        if wanted > has.get(name, 0):
            raise ConfigError(
                f"executor.{name.lower()}s={wanted:g}: this machine has {has.get(name, 0):g}. Ask for less, or name a "
                "cluster: executor.address=HOST:6379."
            )


def _check_answers(address: str | None) -> None:
    """Refuse an address at which nobody listens; Ray itself would wait there for a quarter of an hour.

    Raises:
        ConfigError: If so.
    """
    host, colon, port = (address or "").removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, error) from error


def _no_cluster(address: str | None, error: Exception) -> ConfigError:
    return ConfigError(f"executor.address={address}: no Ray cluster answers there ({error}).")


@contextmanager
def connected(config: RayConfig) -> Generator[Any, None, None]:
    """Ray, connected to the cluster or started on this machine, and left at the end.

    Raises:
        ConfigError: If there is no cluster at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to Ray's makers
    os.environ.setdefault("RAY_worker_niceness", "0")  # of a Ray started here, whose tasks had the lowest priority (15)
    import ray

    _check_answers(config.address)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    own = {"num_cpus": num_cores(), "include_dashboard": False} if config.address is None else {}
    start: Callable[[], Any] = partial(
        ray.init,
        address=config.address or "local",
        runtime_env=config.runtime_env or None,
        log_to_driver=False,
        logging_level="ERROR",
        **own,
    )
    try:
        start()
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise _no_cluster(config.address, error) from error
    finally:
        for number, handler in handlers.items():  # Ray takes SIGTERM over
            signal.signal(number, handler)
    try:
        yield ray
    finally:
        ray.shutdown()
