"""Share of the variance between runs that each factor of a two-level design explains: omega squared with intervals.

Every run of the design is trained with every seed and scored on every song. Songs and seeds differ much more than runs
do, which says nothing about factors, so their means are removed first. An orthogonal factor explains the sum of squares
of its contrast; omega squared subtracts what noise alone would explain, so that shares of factors without effect are 0
on average (single ones may be negative). Interactions are part of the rest.

    omega_f^2 = (SS_f - MS_rest) / (SS_total + MS_rest)

Intervals resample seeds and songs, both with replacement; a song that is drawn twice makes shares look larger, so the
draws are centred on the estimate. Shares depend on the ranges that were chosen for the factors.

References: Hays, Statistics for Psychologists, 1963; Olejnik & Algina, Psychological Methods 8, 2003; Box, Hunter &
Hunter, Statistics for Experimenters, 2005, ch. 6 (fractions).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import hadamard

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Shares:
    """Shares of the variance between runs, each (value, low, high)."""

    factors: dict[str, tuple[float, float, float]]
    groups: dict[str, tuple[float, float, float]]
    differences: dict[str, tuple[float, float, float]]  # "a - b" for groups a before b


def two_level_design(num_factors: int, num_runs: int) -> IntArray:
    """Levels -1 and +1 of each run and factor, (runs, factors), balanced and orthogonal.

    Uses columns of a Hadamard matrix, preferably those of an odd number of generators, so that no factor is confounded
    with an interaction of two others (resolution IV).

    Raises:
        ValueError: If the number of runs is no power of two above the number of factors.
    """
    if num_runs < 2 or num_runs & (num_runs - 1) or num_factors >= num_runs:
        raise ValueError(f"{num_factors} factors need a power of two of runs above that, not {num_runs}.")
    columns = sorted(range(1, num_runs), key=lambda column: (column.bit_count() % 2 == 0, column))
    return np.asarray(hadamard(num_runs)[:, columns[:num_factors]], dtype=np.int64)


def variance_shares(
    scores: FloatArray,
    design: IntArray,
    groups: Mapping[str, str],
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Shares:
    """Shares of factors and of groups of factors.

    Args:
        scores: One value for each run, seed and song, (R, I, J), complete.
        design: Levels, (R, F), from `two_level_design`.
        groups: Group of each factor, in the order of the design's columns.
        level: Confidence of the intervals.
        resamples: Draws of seeds and songs.
        seed: Of the draws.
    """
    generator = np.random.default_rng(seed)
    num_seeds, num_songs = scores.shape[1:]
    drawn = np.array(
        [
            _omega(scores[:, generator.integers(num_seeds, size=num_seeds)][:, :, songs], design)
            for songs in generator.integers(num_songs, size=(resamples, num_songs))
        ]
    )
    values = _omega(scores, design)
    names = list(dict.fromkeys(groups.values()))
    members = np.array([[float(group == name) for group in groups.values()] for name in names])  # (G, F)
    by_group, drawn_groups = members @ values, drawn @ members.T
    pairs = [(a, b) for a in range(len(names)) for b in range(a + 1, len(names))]

    def limits(value: float, draws: FloatArray) -> tuple[float, float, float]:
        low, high = np.quantile(draws - draws.mean() + value, [(1 - level) / 2, (1 + level) / 2])
        return float(value), float(low), float(high)

    return Shares(
        {name: limits(values[place], drawn[:, place]) for place, name in enumerate(groups)},
        {name: limits(by_group[place], drawn_groups[:, place]) for place, name in enumerate(names)},
        {
            f"{names[a]} - {names[b]}": limits(by_group[a] - by_group[b], drawn_groups[:, a] - drawn_groups[:, b])
            for a, b in pairs
        },
    )


def _omega(scores: FloatArray, design: IntArray) -> FloatArray:
    """Omega squared of each factor, (F,)."""
    centred = scores - scores.mean(axis=0)  # for each seed and song separately
    num_runs, num_factors = design.shape
    repeats = scores[0].size
    contrasts = design.T @ centred.reshape(num_runs, repeats).mean(axis=1) / num_runs  # half the effects
    explained = num_runs * repeats * contrasts**2
    total = float(np.sum(centred**2))
    free = (num_runs - 1) * repeats - num_factors
    noise = (total - float(explained.sum())) / free
    return np.asarray((explained - noise) / (total + noise) if total > 0 else explained * np.nan)
