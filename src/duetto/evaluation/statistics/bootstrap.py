"""A bootstrap interval: seeds and songs are both resampled with replacement.

Each resample draws I seeds and, independently, J songs, and takes the mean of the table over them ("pigeonhole
bootstrap"); the interval is bias-corrected and accelerated. Like any bootstrap it suffers from few seeds: with fewer
than five it is too narrow, which is why verdicts use the mixed model and this is only a check.

References: Owen, Annals of Applied Statistics 1, 2007; Efron, JASA 82, 1987 (BCa).
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri  # the normal distribution; scipy.stats takes a second to import

FloatArray = NDArray[np.float64]
RESAMPLES = 4000


def crossed_bootstrap(
    table: FloatArray, level: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """BCa interval of the mean of a complete table.

    Args:
        table: (I, J).
        level: Confidence.
        resamples: Number of draws.
        seed: Of the draws.

    Returns:
        Low and high; infinite with fewer than two seeds or songs.
    """
    num_seeds, num_songs = table.shape
    if min(num_seeds, num_songs) < 2:
        return -math.inf, math.inf
    means = resampled_means(table, resamples, seed)
    centre = float(table.mean())
    jackknife = np.concatenate([(centre - _without(table, axis)) for axis in (0, 1)])
    return bca_interval(means, centre, jackknife, level)


def resampled_means(table: FloatArray, resamples: int, seed: int) -> FloatArray:
    """Means of (I, J) over resampled seeds and songs, (resamples,)."""
    generator = np.random.default_rng(seed)
    num_seeds, num_songs = table.shape
    seeds = generator.multinomial(num_seeds, np.full(num_seeds, 1 / num_seeds), resamples) / num_seeds
    songs = generator.multinomial(num_songs, np.full(num_songs, 1 / num_songs), resamples) / num_songs
    return np.asarray(np.einsum("bi,ij,bj->b", seeds, table, songs), dtype=np.float64)


def bca_interval(draws: FloatArray, value: float, influence: FloatArray, level: float) -> tuple[float, float]:
    """Bias-corrected and accelerated interval.

    Args:
        draws: The statistic of each resample, (B,).
        value: The statistic of the data.
        influence: Value minus the value without each unit, (U,).
        level: Confidence.
    """
    if np.ptp(draws) < 1e-12 * max(1.0, abs(value)):
        return float(draws.min()), float(draws.max())
    below = (np.sum(draws < value) + 0.5 * np.sum(draws == value)) / draws.size
    bias = float(ndtri(np.clip(below, 1 / (2 * draws.size), 1 - 1 / (2 * draws.size))))
    spread = float(np.sum(influence**2)) ** 1.5
    acceleration = float(np.sum(influence**3)) / (6 * spread) if spread > 0 else 0.0
    limits = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        moved = bias + float(ndtri(tail))
        limits.append(float(ndtr(bias + moved / (1 - acceleration * moved))))
    low, high = np.quantile(draws, limits)
    return float(low), float(high)


def _without(table: FloatArray, axis: int) -> FloatArray:
    """Leave-one-out means over rows or columns, (I,) or (J,)."""
    count = table.shape[axis]
    means = table.mean(axis=1 - axis)
    return np.asarray((means.sum() - means) / (count - 1), dtype=np.float64)
