"""Timestep grids of the samplers, and noise levels at fractional timesteps.

Conventions: `start` is the number of noise levels that a run removes: its first x has the noise of timestep start - 1
(start = N: pure noise). A grid holds descending timesteps, (steps + 1,), float64; a sampler calls the network at all
but the last.

Reference: Lu et al., "DPM-Solver", 2022, section 3.4 (grids) and appendix D.2 (fractional timesteps).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duetto.architectures.diffsvc.schedule import NoiseSchedule

Grid = NDArray[np.float64]


@dataclass(frozen=True)
class NoisePath:
    """x_t = alpha x_0 + sigma noise, for any t in 0..N - 1; log alpha is linear between timesteps."""

    log_alpha: NDArray[np.float64]  # (N,), falling

    @classmethod
    def of(cls, schedule: NoiseSchedule) -> "NoisePath":
        """The path through a schedule's timesteps."""
        return cls(0.5 * np.log(schedule.alpha_bar.double().cpu().numpy()))

    def levels(self, timestep: float) -> tuple[float, float]:
        """Alpha and sigma at a timestep."""
        log_alpha = np.interp(timestep, np.arange(len(self.log_alpha)), self.log_alpha)
        return float(np.exp(log_alpha)), float(np.sqrt(-np.expm1(2.0 * log_alpha)))

    def half_log_snr(self, timestep: float) -> float:
        """Lambda = ln(alpha / sigma) at a timestep."""
        alpha, sigma = self.levels(timestep)
        return float(np.log(alpha / sigma))

    def timesteps_at(self, half_log_snr: NDArray[np.float64]) -> Grid:
        """The inverse of `half_log_snr`, element by element."""
        log_alpha = -0.5 * np.logaddexp(0.0, -2.0 * half_log_snr)
        return np.interp(log_alpha, self.log_alpha[::-1], np.arange(len(self.log_alpha))[::-1])


def log_snr_grid(path: NoisePath, start: int, num_steps: int) -> Grid:
    """Equal steps in lambda, as the derivation of exponential integrators assumes."""
    lambdas = np.linspace(path.half_log_snr(start - 1), path.half_log_snr(0), num_steps + 1)
    grid = path.timesteps_at(lambdas)
    grid[0], grid[-1] = start - 1, 0.0  # exact, without rounding errors
    return grid


def uniform_grid(path: NoisePath, start: int, num_steps: int) -> Grid:
    """Equal steps in time (`time_uniform` of Diff-SVC's descendants); `path` is not used."""
    return np.linspace(start - 1.0, 0.0, num_steps + 1)


def upstream_grid(path: NoisePath, start: int, num_steps: int) -> Grid:
    """Upstream's: multiples of start // num_steps below `start`, then 0 once more.

    Its first timestep is not start - 1, although x has that noise, and its last step goes from 0 to 0, which wastes a
    network call. `path` is not used.
    """
    interval = max(1, start // num_steps)
    return np.append(np.arange(0, start, interval)[::-1].astype(np.float64), 0.0)


def integer_grid(path: NoisePath, start: int, num_steps: int) -> Grid:
    """Every timestep from start - 1 to 0; neither `path` nor `num_steps` is used."""
    return np.arange(start)[::-1].astype(np.float64)
