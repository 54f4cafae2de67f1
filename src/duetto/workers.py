"""How many cores there are for us, and pools that use them: the only place where either is decided."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Concatenate, ParamSpec, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")
More = ParamSpec("More")
SLURM_CORES = "SLURM_CPUS_PER_TASK"  # set by SLURM where a job asked for cores


def num_cores() -> int:
    """Cores that this process may use: those it is bound to, and no more than SLURM gave its task."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    given = os.environ.get(SLURM_CORES, "")
    return min(bound, int(given)) if given.isdecimal() and int(given) > 0 else bound


def thread_pool(workers: int | None = None) -> Executor:
    """Threads, None = one a core, for work that numpy, scipy and libsndfile do outside the interpreter lock."""
    return ThreadPoolExecutor(workers or num_cores())


def process_pool(workers: int | None = None) -> Executor:
    """Processes, None = one a core, for work that holds the interpreter lock; with one worker a thread does.

    `spawn` keeps them clear of the caller's threads.
    """
    workers = workers or num_cores()
    return thread_pool(1) if workers == 1 else ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


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
    futures = {executor.submit(function, job, *more, **named): job for job in jobs}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()
