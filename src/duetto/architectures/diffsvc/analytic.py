"""Data whose optimal denoiser has a closed form, for measuring samplers without a network.

With x_t = alpha x_0 + sigma noise and x_0 Gaussian, every x_t is Gaussian. Independent values with one standard
deviation are the easy case, in which the flow only scales; with a mixture of two, the flow has to choose between them.
"""

import torch
from torch import Tensor

from duetto.architectures.diffsvc.time_grids import NoisePath


class GaussianData:
    """A perfect denoiser for independent values N(mean, deviation^2), and the exact end of any of its runs."""

    def __init__(self, path: NoisePath, mean: Tensor, deviation: float) -> None:
        self.path = path
        self.mean = mean
        self.deviation = deviation

    def __call__(self, x: Tensor, timestep: float) -> Tensor:
        """The expected noise of x, of its shape."""
        alpha, sigma = self.path.levels(timestep)
        return sigma * (x - alpha * self.mean) / (alpha**2 * self.deviation**2 + sigma**2)

    def exact(self, x: Tensor, first: float, last: float = 0.0) -> Tensor:
        """Where the probability flow carries x from the first timestep to the last.

        It keeps a value's distance from the mean in units of the deviation at that time.
        """
        (alpha, sigma), (end_alpha, end_sigma) = self.path.levels(first), self.path.levels(last)
        before = (alpha**2 * self.deviation**2 + sigma**2) ** 0.5
        after = (end_alpha**2 * self.deviation**2 + end_sigma**2) ** 0.5
        return end_alpha * self.mean + (x - alpha * self.mean) * after / before


class MixtureData:
    """A perfect denoiser for values from N(mean, deviation^2) or N(-mean, deviation^2), evenly."""

    def __init__(self, path: NoisePath, mean: float, deviation: float) -> None:
        self.path = path
        self.mean = mean
        self.deviation = deviation

    def __call__(self, x: Tensor, timestep: float) -> Tensor:
        """The expected noise of x, of its shape."""
        alpha, sigma = self.path.levels(timestep)
        variance = alpha**2 * self.deviation**2 + sigma**2
        expected_mean = self.mean * torch.tanh(alpha * self.mean * x / variance)  # by the odds of the two
        return sigma * (x - alpha * expected_mean) / variance
