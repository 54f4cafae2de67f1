"""Ridge regression from sums over the frames, in closed form and float64.

Model: (mel - mean_s) / spread_s = W x + b for a frame of speaker s with content x; mean and spread are those of the
speaker's frames, for every bin. W minimises the squared error plus ridge * (mean of the diagonal) * |W|^2, where the
diagonal is that of the centred equations; b is not penalised. Everything follows from sums, so the frames are read
once and the result does not depend on how they are cut into clips, up to rounding.

Letters: T frames, F = D * K inputs, M mel bins, N speakers.

Reference: Hoerl and Kennard, 1970.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from duetto.layers.linear_acoustic import LEAST_SPREAD

LEAST_DIAGONAL = 1e-12  # constant content has a solution as well: the mean


@dataclass(frozen=True)
class Solution:
    """A map of inputs to normalised mel."""

    weight: Tensor  # W, (M, F)
    bias: Tensor  # b, (M,)


class FrameSums:
    """Sums over frames, all that the regression needs to know of them."""

    def __init__(self, num_inputs: int, n_mels: int, num_speakers: int) -> None:
        def zeros(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=torch.float64)

        self.count = zeros(num_speakers)
        self.inputs = zeros(num_speakers, num_inputs)
        self.mel = zeros(num_speakers, n_mels)
        self.mel_squared = zeros(num_speakers, n_mels)
        self.products = zeros(num_speakers, num_inputs, n_mels)  # of inputs and mel
        self.gram = zeros(num_inputs, num_inputs)

    def add(self, inputs: Tensor, mel: Tensor, speaker: int) -> None:
        """Count in the frames of a clip: inputs (T, F), mel (T, M)."""
        x, y = inputs.double(), mel.double()
        self.count[speaker] += len(x)
        self.inputs[speaker] += x.sum(0)
        self.mel[speaker] += y.sum(0)
        self.mel_squared[speaker] += y.square().sum(0)
        self.products[speaker] += x.T @ y
        self.gram += x.T @ x

    def mean(self) -> Tensor:
        """Mean mel of each speaker, (N, M); that of all frames for a speaker without any."""
        return self._of_speakers(self.mel)

    def spread(self) -> Tensor:
        """Standard deviation of each speaker's mel, (N, M), at least 0.001."""
        variance = self._of_speakers(self.mel_squared) - self.mean().square()
        return variance.clamp(min=LEAST_SPREAD**2).sqrt()

    def _of_speakers(self, sums: Tensor) -> Tensor:
        own = sums / self.count[:, None].clamp(min=1)
        return torch.where(self.count[:, None] > 0, own, sums.sum(0) / self.count.sum())

    def normalised_products(self) -> Tensor:
        """Sum of x times normalised mel, (F, M)."""
        mean, spread = self.mean()[:, None], self.spread()[:, None]
        return ((self.products - self.inputs[:, :, None] * mean) / spread).sum(0)

    def solve(self, ridge: float) -> Solution:
        """The map that fits best.

        Args:
            ridge: Share of the mean of the diagonal that is added to it, > 0.
        """
        number, total = self.count.sum(), self.inputs.sum(0)
        centred = self.gram - torch.outer(total, total) / number
        diagonal = centred.diagonal()
        diagonal += ridge * diagonal.mean().clamp(min=LEAST_DIAGONAL)
        factor = torch.linalg.cholesky(centred)
        weight = torch.cholesky_solve(self.normalised_products(), factor).T  # normalised mel has mean 0
        return Solution(weight, -(weight @ total) / number)

    def explained(self, solution: Solution) -> float:
        """Share of the variance of normalised mel that a map explains on these frames; below 0 if it does harm."""
        weight, bias, number = solution.weight, solution.bias, self.count.sum()
        squared = ((weight @ self.gram) * weight).sum() + number * bias.square().sum()
        squared = squared + 2 * (bias * (weight @ self.inputs.sum(0))).sum()
        own = (self.count[:, None] * (self._of_speakers(self.mel_squared) - self.mean().square())).div(
            self.spread().square()
        )
        mixed = (weight.T * self.normalised_products()).sum()
        return float(1 - (own.sum() - 2 * mixed + squared) / own.sum())
