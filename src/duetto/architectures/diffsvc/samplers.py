"""From noise to a mel spectrogram: solvers of the reverse diffusion process, one stateless function each.

All but DDPM integrate the same differential equation over the timesteps of a grid and are deterministic. Any batch size
works. `denoise(x_t, timestep)` predicts the noise, (B, M, T); coefficients are computed in float64.

Notation: alpha and sigma are the coefficients of signal and noise, lambda = ln(alpha / sigma), h its step; a step goes
from timestep s to timestep t.

References: Ho et al. 2020 (DDPM); Song et al. 2021 (DDIM); Liu et al. 2022 (PNDM, F-PNDM = PLMS); Lu et al. 2022
(DPM-Solver, DPM-Solver++); Zhao et al. 2023 (UniPC).
"""

from collections.abc import Callable
from itertools import pairwise
from math import expm1, log

import torch
from torch import Tensor

from duetto.architectures.diffsvc.schedule import NoiseSchedule, denoising_posterior
from duetto.architectures.diffsvc.time_grids import Grid, NoisePath

Denoise = Callable[[Tensor, float], Tensor]
Observe = Callable[[Tensor], None]
SHORT_RUN = 10  # with fewer steps, the last step of DPM-Solver is of first order, as in its authors' code


def ancestral_step(
    schedule: NoiseSchedule,
    x: Tensor,
    timestep: int,
    predicted_noise: Tensor,
    fresh_noise: Tensor | None,
    is_clamped: bool = True,
) -> Tensor:
    """x_{t-1} drawn from the posterior; `fresh_noise` is ignored at t = 0."""
    # Ho et al. 2020, algorithm 2
    timesteps = torch.full((len(x),), timestep, device=x.device)
    mean, log_variance = denoising_posterior(schedule, x, timesteps, predicted_noise, is_clamped)
    return mean if timestep == 0 or fresh_noise is None else mean + torch.exp(0.5 * log_variance) * fresh_noise


def ddpm(
    denoise: Denoise,
    x: Tensor,
    schedule: NoiseSchedule,
    grid: Grid,
    generator: torch.Generator | None = None,
    is_clamped: bool = True,
) -> Tensor:
    """Ancestral sampling, one network call per timestep.

    Args:
        denoise: Predicts noise.
        x: (B, M, T), with the noise of grid[0].
        schedule: The model's.
        grid: Every timestep down to 0.
        generator: Source of the fresh noise; None = torch's global one.
        is_clamped: Whether x_0 is kept within -1..1, as upstream; if not, loud frames keep their level.
    """
    device = generator.device if generator is not None else x.device
    for timestep in grid:
        fresh = torch.randn(x.shape, generator=generator, device=device).to(x) if timestep > 0 else None
        x = ancestral_step(schedule, x, int(timestep), denoise(x, float(timestep)), fresh, is_clamped)
    return x


def ddim_step(path: NoisePath, x: Tensor, predicted_noise: Tensor, s: float, t: float) -> Tensor:
    """X at t, assuming that the noise predicted at s is constant; x unchanged if s = t."""
    # Song et al. 2021, eq. 12 without noise; equals Liu et al. 2022, eq. 11
    (alpha_s, sigma_s), (alpha_t, sigma_t) = path.levels(s), path.levels(t)
    ratio = alpha_t / alpha_s
    return ratio * x + (sigma_t - ratio * sigma_s) * predicted_noise


def ddim(denoise: Denoise, x: Tensor, path: NoisePath, grid: Grid) -> Tensor:
    """First order: one network call per step."""
    for s, t in pairwise(grid.tolist()):
        x = ddim_step(path, x, denoise(x, s), s, t)
    return x


def pndm(denoise: Denoise, x: Tensor, path: NoisePath, grid: Grid, observe: Observe | None = None) -> Tensor:
    """PLMS: DDIM steps with a weighted sum of the last four predictions; one call per step and one extra for the first.

    Args:
        denoise: Predicts noise.
        x: (B, M, T), with the noise of grid[0].
        path: The model's.
        grid: Equally spaced; with upstream's grid this is upstream's sampler.
        observe: Called with x after every step.
    """
    history: list[Tensor] = []  # newest first
    for s, t in pairwise(grid.tolist()):
        noise = denoise(x, s)
        mixture = noise
        if not history:  # pseudo improved Euler: Liu et al. 2022, eq. 23 with one correction
            mixture = (noise + denoise(ddim_step(path, x, noise, s, t), t)) / 2
        elif len(history) == 1:
            mixture = (3 * noise - history[0]) / 2
        elif len(history) == 2:
            mixture = (23 * noise - 16 * history[0] + 5 * history[1]) / 12
        else:  # Liu et al. 2022, eq. 12
            mixture = (55 * noise - 59 * history[0] + 37 * history[1] - 9 * history[2]) / 24
        x = ddim_step(path, x, mixture, s, t)
        history = [noise, *history[:2]]
        if observe is not None:
            observe(x)
    return x


def dpm_solver(denoise: Denoise, x: Tensor, path: NoisePath, grid: Grid) -> Tensor:
    """Multistep DPM-Solver-2 on the predicted noise (the descendants' `dpm-solver`); one call per step."""
    previous: tuple[float, Tensor] | None = None  # lambda and noise of the step before
    num_steps = len(grid) - 1
    for step, (s, t) in enumerate(pairwise(grid.tolist())):
        (alpha_s, sigma_s), (alpha_t, sigma_t) = path.levels(s), path.levels(t)
        lambda_s = log(alpha_s / sigma_s)
        h = log(alpha_t / sigma_t) - lambda_s
        noise = denoise(x, s)
        slope = 0.0 if previous is None else 0.5 * h / (lambda_s - previous[0])
        if step == num_steps - 1 and num_steps < SHORT_RUN:
            slope = 0.0
        mixture = noise if previous is None else noise + slope * (noise - previous[1])
        x = alpha_t / alpha_s * x - sigma_t * expm1(h) * mixture  # Lu et al. 2022, eq. 3.7 and 4.1
        previous = (lambda_s, noise)
    return x


def dpm_solver_pp(denoise: Denoise, x: Tensor, path: NoisePath, grid: Grid) -> Tensor:
    """DPM-Solver++(2M): the same on the predicted x_0; one call per step."""
    previous: tuple[float, Tensor] | None = None
    num_steps = len(grid) - 1
    for step, (s, t) in enumerate(pairwise(grid.tolist())):
        (alpha_s, sigma_s), (alpha_t, sigma_t) = path.levels(s), path.levels(t)
        lambda_s = log(alpha_s / sigma_s)
        h = log(alpha_t / sigma_t) - lambda_s
        x_0 = (x - sigma_s * denoise(x, s)) / alpha_s
        slope = 0.0 if previous is None else 0.5 * h / (lambda_s - previous[0])
        if step == num_steps - 1 and num_steps < SHORT_RUN:
            slope = 0.0
        mixture = x_0 if previous is None else x_0 + slope * (x_0 - previous[1])
        x = sigma_t / sigma_s * x - alpha_t * expm1(-h) * mixture  # DPM-Solver++, algorithm 2
        previous = (lambda_s, x_0)
    return x


def unipc(denoise: Denoise, x: Tensor, path: NoisePath, grid: Grid) -> Tensor:
    """UniPC-2 with B(h) = e^h - 1, predicting x_0; every call also corrects the previous step. One call per step.

    The first and the last step are of first order; the last is not corrected, which would take another call.
    """
    times = grid.tolist()
    x_0 = _clean(denoise, x, path, times[0])
    before: tuple[float, Tensor] | None = None  # lambda and x_0 one step back
    for index, (s, t) in enumerate(pairwise(times)):
        (alpha_s, sigma_s), (alpha_t, sigma_t) = path.levels(s), path.levels(t)
        lambda_s = log(alpha_s / sigma_s)
        h = log(alpha_t / sigma_t) - lambda_s
        growth = -expm1(-h) * alpha_t  # -alpha_t B(-h)
        held = sigma_t / sigma_s * x + growth * x_0
        is_last = index == len(times) - 2
        if before is None or is_last:
            predicted, back = held, None
        else:
            ratio = (before[0] - lambda_s) / h  # r_1 < 0
            back = (before[1] - x_0) / ratio
            predicted = held + growth * 0.5 * back
        if is_last:
            return predicted
        x_0_ahead = _clean(denoise, predicted, path, t)
        if back is None:
            x = held + growth * 0.5 * (x_0_ahead - x_0)
        else:
            of_back, of_ahead = _unipc_weights(h, ratio)
            x = held + growth * (of_back * back + of_ahead * (x_0_ahead - x_0))
        before, x_0 = (lambda_s, x_0), x_0_ahead
    return x


def _clean(denoise: Denoise, x: Tensor, path: NoisePath, timestep: float) -> Tensor:
    alpha, sigma = path.levels(timestep)
    return (x - sigma * denoise(x, timestep)) / alpha


def _unipc_weights(h: float, ratio: float) -> tuple[float, float]:
    """The corrector's weights of the differences to the previous and to the next step."""
    # Zhao et al. 2023, eq. 5 for p = 2: [[1, 1], [r_1, 1]] rho = b with nodes r_1 and 1
    first = expm1(-h) / -h - 1.0
    b_1 = first / expm1(-h)
    b_2 = 2.0 * (first / -h - 0.5) / expm1(-h)
    of_back = (b_1 - b_2) / (1.0 - ratio)
    return of_back, b_1 - of_back
