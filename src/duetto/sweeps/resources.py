"""Divides a machine between the processes of a sweep: cores, threads and GPUs."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from duetto.settings.run_config import TrainConfig
from duetto.sweeps.pool import visible_gpus, worker_count
from duetto.training.hardware import REFERENCE_GFLOPS, has_cuda, measure_gflops
from duetto.workers import num_cores


@dataclass(frozen=True)
class Machine:
    """The resources of each process of a sweep."""

    workers: int
    threads: int  # per process
    gpus: tuple[str, ...]  # names for CUDA_VISIBLE_DEVICES; empty = CPU
    speed: float  # of one process, relative to the reference machine of the time estimates

    def sentence(self) -> str:
        """The sentence for the user."""
        where = f" on {len(self.gpus)} GPUs" if self.gpus else ""
        return f"{self.workers} at once{where}, threads of each: {self.threads}"


def share_machine(configs: Sequence[TrainConfig], asked: int) -> Machine:
    """Split cores and GPUs between processes.

    The number of processes follows from the whole plan, not from its remaining part, so that a run limited in minutes
    learns equally much whether it comes first, last, or after the sweep was killed.
    """
    on_gpu = has_cuda() and any(config.trainer.accelerator != "cpu" for config in configs)
    gpus = tuple(visible_gpus(torch.cuda.device_count())) if on_gpu else ()
    cores = num_cores()
    workers = worker_count(asked, len(configs), cores, gpus)
    threads = max(1, cores // workers)
    return Machine(workers, threads, gpus, measure_gflops(threads) / REFERENCE_GFLOPS)
