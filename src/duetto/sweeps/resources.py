"""What a sweep is worked off with: an executor, the threads of each run, and the speed that its times are told for."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from duetto.settings.run_config import TrainConfig
from duetto.sweeps.executors.local import LocalPool, visible_gpus, worker_count
from duetto.sweeps.executors.protocol import Executor
from duetto.training.hardware import REFERENCE_GFLOPS, has_cuda, measure_gflops
from duetto.workers import num_cores


@dataclass(frozen=True)
class Resources:
    """The executor of a sweep and the share of each run."""

    executor: Executor
    threads: int  # per process
    speed: float  # of one process here, relative to the reference machine of the time estimates


def resources_of(executor: Executor, threads: int) -> Resources:
    """Measure this machine's speed with so many threads."""
    return Resources(executor, threads, measure_gflops(threads) / REFERENCE_GFLOPS)


def share_machine(configs: Sequence[TrainConfig], asked: int) -> LocalPool:
    """Split cores and GPUs of this machine between processes.

    The number of processes follows from the whole plan, not from its remaining part, so that a run limited in minutes
    learns equally much whether it comes first, last, or after the sweep was killed.
    """
    on_gpu = has_cuda() and any(config.trainer.accelerator != "cpu" for config in configs)
    gpus = tuple(visible_gpus(torch.cuda.device_count())) if on_gpu else ()
    cores = num_cores()
    workers = worker_count(asked, len(configs), cores, gpus)
    return LocalPool(workers, max(1, cores // workers), gpus)
