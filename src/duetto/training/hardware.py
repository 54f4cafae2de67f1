"""Detects the hardware, picks a precision for it, and measures its speed.

Precision by compute capability: 8.0 and newer bf16; 7.0 to 7.5 (V100, T4) fp16 with a gradient
scaler; older cards (P100) and CPUs fp32. `torch.cuda.is_bf16_supported()` is not used: it counts emulation.
"""

import os
import time
from dataclasses import dataclass
from typing import Literal

import torch

from duetto.device.cuda import find_card
from duetto.errors import ConfigError
from duetto.settings.config import TrainerConfig
from duetto.training.place import ALONE, Place
from duetto.workers import SLURM_CORES, num_cores

LightningPrecision = Literal["32-true", "bf16-mixed", "16-mixed"]
PRECISIONS: dict[str, LightningPrecision] = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}
REFERENCE_GFLOPS = 150.0  # float32 matrix product on the two-core machine of the time estimates
BENCHMARK_SIZE = 768  # side of the matrices of the speed benchmark


@dataclass(frozen=True)
class Hardware:
    """The device and precision of a run."""

    accelerator: Literal["cpu", "cuda"]
    device_name: str
    precision: LightningPrecision
    num_threads: int
    complaint: str = ""  # why a card that is there is not used, with the remedy
    num_processes: int = 1  # that train together, each on a device and with threads of its own
    index: int = 0  # of this process's card

    @property
    def device(self) -> torch.device:
        return torch.device(self.accelerator)

    @property
    def backend(self) -> str | None:
        """Through what gradients are averaged; None with one process."""
        if self.num_processes == 1:
            return None
        return "nccl" if self.accelerator == "cuda" else "gloo"

    @property
    def description(self) -> str:
        """Device and number of processes: what the pace of a run depends on."""
        return self.device_name + (f", {self.num_processes} processes" if self.num_processes > 1 else "")


def has_cuda() -> bool:
    """Whether torch can compute on a CUDA device here."""
    return find_card().is_usable


def precision_for_capability(major: int, minor: int) -> LightningPrecision:
    """The fastest precision of a CUDA device with this compute capability that does not lose range."""
    if (major, minor) >= (8, 0):
        return "bf16-mixed"
    if (major, minor) >= (7, 0):
        return "16-mixed"
    return "32-true"


def detect_hardware(config: TrainerConfig, place: Place = ALONE) -> Hardware:
    """Pick accelerator and precision as `trainer` asks.

    Args:
        config: The group.
        place: Of this process among those that train together.

    Raises:
        ConfigError: If a CUDA device is asked for and none is usable, or there are fewer than processes.
    """
    card = find_card()
    if config.accelerator == "cuda" and not card.is_usable:
        why = card.complaint or "torch finds no usable CUDA device."
        raise ConfigError(f"trainer.accelerator=cuda: {why} Or use cpu or auto.")
    num_threads = config.num_threads or share_of_cores(place)
    if card.name is not None and config.accelerator != "cpu":
        automatic = precision_for_capability(*card.capability)
        precision = automatic if config.precision == "auto" else PRECISIONS[config.precision]
        index = card_of(place, torch.cuda.device_count()) if place.world > 1 else 0
        return Hardware("cuda", card.name, precision, num_threads, "", place.world, index)
    precision = "32-true" if config.precision == "auto" else PRECISIONS[config.precision]
    if precision == "16-mixed":
        raise ConfigError("trainer.precision=16 needs a CUDA device; on a CPU use 32 or bf16.")
    complaint = card.complaint if config.accelerator == "auto" else ""
    return Hardware("cpu", f"CPU, {num_threads} threads", precision, num_threads, complaint, place.world)


def share_of_cores(place: Place) -> int:
    """Threads of each of the processes on this machine; srun gives each task its own cores."""
    if place.started_by == "srun" and os.environ.get(SLURM_CORES):
        return num_cores()
    return max(1, num_cores() // place.local_world)


def card_of(place: Place, num_cards: int) -> int:
    """Index of the card of a process: each takes another. srun may show each task its own card alone.

    Raises:
        ConfigError: If there are fewer cards than processes on this machine.
    """
    if num_cards == 1 and place.started_by == "srun":
        return 0
    if num_cards < place.local_world:
        raise ConfigError(
            f"trainer.devices={place.local_world}: torch finds {num_cards} card{'s' * (num_cards > 1)} here, and each "
            f"process needs its own. Use trainer.devices={num_cards}, or trainer.accelerator=cpu."
        )
    return place.local_rank


def measure_gflops(num_threads: int) -> float:
    """Float32 matrix-product speed in GFLOP/s, best of several tries; takes about 0.2 s."""
    torch.set_num_threads(num_threads)
    left = torch.ones(BENCHMARK_SIZE, BENCHMARK_SIZE)
    best_s = float("inf")
    for _ in range(8):
        start = time.perf_counter()
        torch.mm(left, left)
        best_s = min(best_s, time.perf_counter() - start)
    return 2 * BENCHMARK_SIZE**3 / best_s / 1e9
