"""The diffusion: its noise schedule, the forward process, the posterior and the loss.

Conventions: x_0 is a normalised mel spectrogram, (B, M, T), within -1..1 on the training set. Timestep t counts from 0
(least noise) to N - 1; `timestep` is (B,), int64. alpha_bar_t is the share of x_0's power left in x_t.

Reference: Ho, Jain and Abbeel, "Denoising Diffusion Probabilistic Models", 2020.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

MIN_BETA = 1e-4  # upstream and Ho et al. 2020, section 4
VARIANCE_FLOOR = 1e-20  # keeps the logarithm of the variance at t = 0 finite, upstream


def linear_betas(num_timesteps: int, max_beta: float) -> NDArray[np.float64]:
    """Variances of the forward process, (N,), rising from 1e-4 to `max_beta`."""
    return np.linspace(MIN_BETA, max_beta, num_timesteps)


class NoiseSchedule(nn.Module):
    """All numbers of a schedule as float32 buffers (N,), computed in float64; a loaded file replaces every one."""

    beta: Tensor
    alpha_bar: Tensor
    alpha_bar_previous: Tensor
    sqrt_alpha_bar: Tensor
    sqrt_one_minus_alpha_bar: Tensor
    log_one_minus_alpha_bar: Tensor
    sqrt_reciprocal_alpha_bar: Tensor
    sqrt_reciprocal_alpha_bar_minus_one: Tensor
    posterior_variance: Tensor
    posterior_log_variance: Tensor
    posterior_weight_of_x_0: Tensor
    posterior_weight_of_x_t: Tensor

    def __init__(self, beta: NDArray[np.float64]) -> None:
        super().__init__()
        alpha = 1.0 - beta
        alpha_bar = np.cumprod(alpha)
        previous = np.append(1.0, alpha_bar[:-1])
        variance = beta * (1.0 - previous) / (1.0 - alpha_bar)  # Ho et al. 2020, eq. 7
        buffers = {
            "beta": beta,
            "alpha_bar": alpha_bar,
            "alpha_bar_previous": previous,
            "sqrt_alpha_bar": np.sqrt(alpha_bar),
            "sqrt_one_minus_alpha_bar": np.sqrt(1.0 - alpha_bar),
            "log_one_minus_alpha_bar": np.log(1.0 - alpha_bar),
            "sqrt_reciprocal_alpha_bar": np.sqrt(1.0 / alpha_bar),
            "sqrt_reciprocal_alpha_bar_minus_one": np.sqrt(1.0 / alpha_bar - 1.0),
            "posterior_variance": variance,
            "posterior_log_variance": np.log(np.maximum(variance, VARIANCE_FLOOR)),
            "posterior_weight_of_x_0": beta * np.sqrt(previous) / (1.0 - alpha_bar),
            "posterior_weight_of_x_t": (1.0 - previous) * np.sqrt(alpha) / (1.0 - alpha_bar),
        }
        for name, values in buffers.items():
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32))

    def __len__(self) -> int:
        """Timesteps N."""
        return len(self.beta)


def diffuse(schedule: NoiseSchedule, x_0: Tensor, timestep: Tensor, noise: Tensor) -> Tensor:
    """x_t: the clean mel with the noise of `timestep`, (B, M, T)."""
    # Ho et al. 2020, eq. 4
    return _at(schedule.sqrt_alpha_bar, timestep) * x_0 + _at(schedule.sqrt_one_minus_alpha_bar, timestep) * noise


def estimate_x_0(schedule: NoiseSchedule, x_t: Tensor, timestep: Tensor, noise: Tensor) -> Tensor:
    """The clean mel implied by x_t and its predicted `noise`, (B, M, T)."""
    # Ho et al. 2020, eq. 4 solved for x_0
    reciprocal = _at(schedule.sqrt_reciprocal_alpha_bar, timestep)
    return reciprocal * x_t - _at(schedule.sqrt_reciprocal_alpha_bar_minus_one, timestep) * noise


def posterior(schedule: NoiseSchedule, x_0: Tensor, x_t: Tensor, timestep: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (B, M, T) and log variance (B, 1, 1) of x_{t-1} given x_0 and x_t."""
    # Ho et al. 2020, eq. 6 and 7
    of_x_0, of_x_t = _at(schedule.posterior_weight_of_x_0, timestep), _at(schedule.posterior_weight_of_x_t, timestep)
    return of_x_0 * x_0 + of_x_t * x_t, _at(schedule.posterior_log_variance, timestep)


def denoising_posterior(
    schedule: NoiseSchedule, x_t: Tensor, timestep: Tensor, predicted_noise: Tensor, is_clamped: bool = True
) -> tuple[Tensor, Tensor]:
    """`posterior` with the x_0 implied by the predicted noise, which upstream clamps to -1..1."""
    x_0 = estimate_x_0(schedule, x_t, timestep, predicted_noise)
    return posterior(schedule, x_0.clamp(-1.0, 1.0) if is_clamped else x_0, x_t, timestep)


def noise_loss(noise: Tensor, predicted_noise: Tensor, mask: Tensor | None = None, is_absolute: bool = False) -> Tensor:
    """Mean error of the predicted noise, a float32 scalar.

    Args:
        noise: (B, M, T).
        predicted_noise: (B, M, T).
        mask: 1.0 in real frames, (B, 1, T); None = no padding. Padding is left out of the mean (deviation 11).
        is_absolute: Absolute instead of squared error.
    """
    difference = noise.float() - predicted_noise.float()
    error = difference.abs() if is_absolute else difference.square()  # Ho et al. 2020, eq. 14
    if mask is None:
        return error.mean()
    return (error * mask).sum() / (mask.sum() * noise.shape[1]).clamp(min=1.0)


def normalise_mel(mel: Tensor, mel_min: Tensor, mel_max: Tensor) -> Tensor:
    """Log mel (B, M, T) to x_0; the range, (1, 1, 1 or M), becomes -1..1."""
    return (mel - mel_min.mT) / (mel_max.mT - mel_min.mT) * 2.0 - 1.0


def denormalise_mel(x_0: Tensor, mel_min: Tensor, mel_max: Tensor) -> Tensor:
    """The inverse of `normalise_mel`."""
    return (x_0 + 1.0) / 2.0 * (mel_max.mT - mel_min.mT) + mel_min.mT


def _at(values: Tensor, timestep: Tensor) -> Tensor:
    """(N,) at (B,) -> (B, 1, 1)."""
    return values[timestep][:, None, None]
