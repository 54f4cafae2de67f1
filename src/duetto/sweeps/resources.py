"""How a sweep shares a machine: processes, threads and GPUs."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from duetto.settings.run_config import TrainConfig
from duetto.sweeps.pool import visible_gpus, worker_count
from duetto.training.hardware import REFERENCE_GFLOPS, has_cuda, measure_gflops
from duetto.workers import num_cores


@dataclass(frozen=True)
class Machine:
    """What each process of a sweep gets."""

    workers: int
    threads: int  # of each
    gpus: tuple[str, ...]  # as CUDA_VISIBLE_DEVICES names them; empty = on the CPU
    speed: float  # of one process, relative to the machine that the time estimates were made on

    def sentence(self) -> str:
        """What a user is told."""
        where = f" on {len(self.gpus)} GPUs" if self.gpus else ""
        return f"{self.workers} at once{where}, threads of each: {self.threads}"


def share_machine(configs: Sequence[TrainConfig], asked: int) -> Machine:
    """Split cores and GPUs between processes.

    The number of processes follows from the whole plan, not from what is left of it: a run that is limited in
    minutes learns as much whether it comes first or last, or after the sweep was killed.
    """
    on_gpu = has_cuda() and any(config.trainer.accelerator != "cpu" for config in configs)
    gpus = tuple(visible_gpus(torch.cuda.device_count())) if on_gpu else ()
    cores = num_cores()
    workers = worker_count(asked, len(configs), cores, gpus)
    threads = max(1, cores // workers)
    return Machine(workers, threads, gpus, measure_gflops(threads) / REFERENCE_GFLOPS)
