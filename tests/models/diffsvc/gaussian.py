"""Data whose reverse process is known in closed form: independent Gaussians N(mean, deviation^2).

The probability flow keeps a value's distance from the mean in units of the marginal's deviation: with
v(t)^2 = alpha^2 deviation^2 + sigma^2, (x(t) - alpha mean) / v is constant. The best noise prediction is linear.
"""

from torch import Tensor

from duetto.models.diffsvc.time_grids import NoisePath


class GaussianData:
    """A perfect denoiser for such data, and the exact end of any of its runs."""

    def __init__(self, path: NoisePath, mean: Tensor, deviation: float) -> None:
        self.path = path
        self.mean = mean
        self.deviation = deviation
        self.num_calls = 0

    def __call__(self, x: Tensor, timestep: float) -> Tensor:
        """The expected noise of x."""
        self.num_calls += 1
        alpha, sigma = self.path.levels(timestep)
        return sigma * (x - alpha * self.mean) / (alpha**2 * self.deviation**2 + sigma**2)

    def exact(self, x: Tensor, first: float, last: float = 0.0) -> Tensor:
        """Where the flow carries x from the first timestep to the last."""
        (alpha, sigma), (end_alpha, end_sigma) = self.path.levels(first), self.path.levels(last)
        before = (alpha**2 * self.deviation**2 + sigma**2) ** 0.5
        after = (end_alpha**2 * self.deviation**2 + end_sigma**2) ** 0.5
        return end_alpha * self.mean + (x - alpha * self.mean) * after / before
