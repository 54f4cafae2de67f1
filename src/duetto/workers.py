"""How many cores there are for us, and pools that use them: the only place where either is decided.

A pool that is left because the command was stopped waits for nobody. Processes of a pool end with the one that started
them, also when that is killed: each holds the end of a pipe whose other end only the parent has.
"""

import ctypes
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Concatenate, ParamSpec, TypeVar

from duetto.signals import POOL_THREADS, is_stopping, signals_held

Job = TypeVar("Job")
Result = TypeVar("Result")
More = ParamSpec("More")
PR_SET_PDEATHSIG = 1  # of prctl(2)
WAKE_S = 1.0  # that a wait lasts at most: CPython sleeps through a signal that comes just before it falls asleep
SLURM_CORES = "SLURM_CPUS_PER_TASK"  # set by SLURM where a job asked for cores

logger = logging.getLogger(__name__)


def num_cores() -> int:
    """Cores that this process may use: those it is bound to, and no more than SLURM gave its task."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    given = os.environ.get(SLURM_CORES, "")
    return min(bound, int(given)) if given.isdecimal() and int(given) > 0 else bound


def thread_pool(workers: int | None = None) -> Executor:
    """Threads, None = one a core, for work that numpy, scipy and libsndfile do outside the interpreter lock."""
    return _Threads(workers or num_cores())


def process_pool(workers: int | None = None) -> Executor:
    """Processes, None = one a core, for work that holds the interpreter lock; with one worker a thread does.

    `spawn` keeps them clear of the caller's threads. Where processes cannot share memory (a read-only /dev/shm) a
    thread does the work, with a warning.
    """
    workers = workers or num_cores()
    if workers == 1:
        return thread_pool(1)
    try:
        return _Processes(workers)
    except (OSError, ImportError, NotImplementedError) as error:
        logger.warning("This takes longer: one core does the work, for processes cannot share memory (%s).", error)
        return thread_pool(1)


def ending_with_parent() -> Callable[[], None] | None:
    """For `subprocess`, as its `preexec_fn`: Linux ends the program with the thread that started it; None elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    return partial(ctypes.CDLL(None).prctl, PR_SET_PDEATHSIG, signal.SIGKILL)


def as_they_finish(
    executor: Executor,
    function: Callable[Concatenate[Job, More], Result],
    jobs: Iterable[Job],
    *more: More.args,
    **named: More.kwargs,
) -> Iterator[tuple[Job, Result]]:
    """Run a function on every job; each job with its result as it is done.

    Raises:
        BrokenProcessPool: If a worker process dies.
        Exception: What the function raises; jobs that have not begun are not begun.
    """
    waiting = iter(jobs)
    width = executor.width if isinstance(executor, _Threads | _Processes) else num_cores()
    begun: dict[Future[Result], Job] = {}
    while True:
        begun |= {executor.submit(function, job, *more, **named): job for job in islice(waiting, width - len(begun))}
        if not begun:
            return
        for future in wait(begun, WAKE_S, FIRST_COMPLETED).done:
            yield begun.pop(future), future.result()


class _Threads(ThreadPoolExecutor):
    def __init__(self, workers: int) -> None:
        super().__init__(workers, POOL_THREADS)
        self.width = workers

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_stopped = _is_stop(kind)
        self.shutdown(wait=not is_stopped, cancel_futures=is_stopped)


class _Processes(ProcessPoolExecutor):
    def __init__(self, workers: int) -> None:
        ours, self._parent = Pipe(duplex=False)
        super().__init__(workers, get_context("spawn"), _end_with, (ours,))
        self.width = workers

    def submit(
        self, function: Callable[More, Result], /, *arguments: More.args, **named: More.kwargs
    ) -> Future[Result]:
        with signals_held(), _interrupts_held():  # processes start here: Ctrl-C is for the parent alone
            return super().submit(function, *arguments, **named)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if _is_stop(kind):
            for process in list(self._processes.values()):  # as `kill_workers` of Python 3.14 does
                process.kill()
        self.shutdown(wait=True)
        self._parent.close()


def _is_stop(kind: type[BaseException] | None) -> bool:
    """Whether a block was left by Ctrl-C, SIGTERM or an exit, and not by an error that no signal has caused."""
    return kind is not None and (is_stopping() or not issubclass(kind, Exception))


@contextmanager
def _interrupts_held() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with(parent: Connection) -> None:
    """In a worker: end it once nobody holds the other end of the pipe."""

    def watch() -> None:
        try:
            parent.recv_bytes()
        finally:  # nothing is ever sent: the parent is gone, or has closed it
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
