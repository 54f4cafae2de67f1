"""Samplers by the name that a user chooses, with their grids.

`steps` is the number of network calls, plus the one or two more that some methods need at the start
(`count_calls`). Names ending in `_uniform` use the descendants' grid, `_upstream` that of Diff-SVC.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from duetto.architectures.diffsvc import samplers, time_grids
from duetto.architectures.diffsvc.samplers import Denoise
from duetto.architectures.diffsvc.schedule import NoiseSchedule
from duetto.architectures.diffsvc.time_grids import Grid, NoisePath
from duetto.errors import ConfigError
from duetto.progress import ReportCount

Solve = Callable[[Denoise, Tensor, NoisePath, Grid], Tensor]

DETERMINISTIC: dict[str, tuple[Solve, Callable[[NoisePath, int, int], Grid]]] = {
    "unipc": (samplers.unipc, time_grids.log_snr_grid),
    "dpm_solver_pp": (samplers.dpm_solver_pp, time_grids.log_snr_grid),
    "pndm": (samplers.pndm, time_grids.uniform_grid),
    "ddim": (samplers.ddim, time_grids.uniform_grid),
    "unipc_uniform": (samplers.unipc, time_grids.uniform_grid),
    "dpm_solver_pp_uniform": (samplers.dpm_solver_pp, time_grids.uniform_grid),
    "dpm_solver_uniform": (samplers.dpm_solver, time_grids.uniform_grid),
    "pndm_upstream": (samplers.pndm, time_grids.upstream_grid),
    "ddim_upstream": (samplers.ddim, time_grids.upstream_grid),
}
SAMPLER_NAMES = (*DETERMINISTIC, "ddpm")
DEFAULT_SAMPLER = "unipc"  # docs/decisions/sampler.md
DEFAULT_STEPS = 20


@dataclass(frozen=True)
class SamplerSettings:
    """Which sampler, and how many steps it takes; `ddpm` takes every timestep, whatever `steps` says."""

    name: str = DEFAULT_SAMPLER
    steps: int = DEFAULT_STEPS

    def __post_init__(self) -> None:
        """Refuse unknown samplers and impossible step counts.

        Raises:
            ConfigError: If the name is unknown or there are too few steps.
        """
        if self.name not in SAMPLER_NAMES:
            raise ConfigError(f"There is no sampler named {self.name}. Known samplers: {', '.join(SAMPLER_NAMES)}.")
        if self.steps < 1:
            raise ConfigError(f"steps={self.steps}: a sampler needs 1 step or more.")


def count_calls(settings: SamplerSettings, start: int) -> int:
    """Network calls of a run over `start` noise levels."""
    if settings.name == "ddpm":
        return start
    steps = settings.steps
    if settings.name.endswith("_upstream"):
        steps = -(-start // max(1, start // steps))
    return steps + settings.name.startswith("pndm")


def sample(
    settings: SamplerSettings,
    denoise: Denoise,
    x: Tensor,
    schedule: NoiseSchedule,
    start: int | None = None,
    generator: torch.Generator | None = None,
    progress: ReportCount | None = None,
    is_clamped: bool = False,
) -> Tensor:
    """The clean mel that `x` comes from.

    Args:
        settings: Sampler and steps.
        denoise: Predicts the noise in x_t, (B, M, T), at a timestep.
        x: (B, M, T) with the noise of timestep start - 1; any batch.
        schedule: The model's.
        start: Noise levels to remove, 2..N; None = all.
        generator: Source of DDPM's noise; the others draw none.
        progress: Told after every network call.
        is_clamped: Every prediction is adjusted so that the x_0 it implies stays within -1..1, the range of the
            training set. At high noise a small error of the network is a large error of x_0, and a network trained for
            only a few minutes makes unclamped solvers diverge. DDPM always clamps, as upstream.

    Returns:
        Normalised mel, (B, M, T).

    Raises:
        ConfigError: If `start` is out of range.
    """
    start = len(schedule) if start is None else start
    if not 2 <= start <= len(schedule):
        raise ConfigError(f"shallow_start={start}: expected 2 to {len(schedule)} noise levels.")
    counted = _counted(denoise, count_calls(settings, start), progress)
    path = NoisePath.of(schedule)
    if is_clamped:
        counted = clamped(counted, path)
    if settings.name == "ddpm":
        grid = time_grids.integer_grid(path, start, start)
        return samplers.ddpm(counted, x, schedule, grid, generator)
    solve, make_grid = DETERMINISTIC[settings.name]
    return solve(counted, x, path, make_grid(path, start, settings.steps))


def clamped(denoise: Denoise, path: NoisePath) -> Denoise:
    """Noise predictions whose implied x_0 lies within -1..1."""

    def predict(x: Tensor, timestep: float) -> Tensor:
        alpha, sigma = path.levels(timestep)
        x_0 = ((x - sigma * denoise(x, timestep)) / alpha).clamp(-1.0, 1.0)
        return (x - alpha * x_0) / sigma  # Ho et al. 2020, eq. 4 solved for the noise

    return predict


def _counted(denoise: Denoise, total: int, progress: ReportCount | None) -> Denoise:
    if progress is None:
        return denoise
    made = 0

    def call(x: Tensor, timestep: float) -> Tensor:
        nonlocal made
        noise = denoise(x, timestep)
        made += 1
        progress(made, total)
        return noise

    return call
