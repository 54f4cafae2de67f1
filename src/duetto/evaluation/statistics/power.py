"""Power of a study, by simulation from assumed variances: how often each verdict is reached at a true effect.

The draws go through the same estimates and rules as real scores; the significance level is Holm's strictest, alpha
divided by the size of the family, so the power stated is a lower bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr  # Student's t; scipy.stats takes a second to import

from duetto.evaluation.statistics.crossed import Moments, estimate_moments

FloatArray = NDArray[np.float64]
DRAWS = 4000


@dataclass(frozen=True)
class Spread:
    """Assumed standard deviations of a contrast, in the metric's unit."""

    seed: float  # between seeds, over all songs
    song: float  # between songs, over all seeds
    residual: float  # of a single seed and song


@dataclass(frozen=True)
class Power:
    """Share of simulated studies that end in each verdict, at one true effect."""

    true_effect: float
    reproduced: float
    refuted: float
    inconclusive: float


def draw_tables(
    spread: Spread, num_seeds: int, num_songs: int, effect: float, draws: int = DRAWS, seed: int = 0
) -> FloatArray:
    """Contrasts of simulated studies, (draws, I, J)."""
    generator = np.random.default_rng(seed)
    seeds = generator.normal(0.0, spread.seed, (draws, num_seeds, 1))
    songs = generator.normal(0.0, spread.song, (draws, 1, num_songs))
    rest = generator.normal(0.0, spread.residual, (draws, num_seeds, num_songs))
    return np.asarray(effect + seeds + songs + rest, dtype=np.float64)


def tail(moments: Moments, margin: float) -> FloatArray:
    """One-sided p of "the effect is at most `margin`" for many tables, (...)."""
    return np.asarray(stdtr(moments.degrees, (margin - moments.effect) / np.sqrt(moments.error_variance)))


def simulate_power(
    spread: Spread, num_seeds: int, num_songs: int, smallest_effect: float, effects: Sequence[float], alpha: float
) -> tuple[Power, ...]:
    """How often a claim of a positive effect is reproduced, refuted or inconclusive.

    Args:
        spread: Assumed standard deviations.
        num_seeds: At least 2.
        num_songs: At least 2.
        smallest_effect: Of interest.
        effects: True effects to simulate.
        alpha: Of each one-sided test, already divided by the size of the family.
    """
    found = []
    for effect in effects:
        moments = estimate_moments(draw_tables(spread, num_seeds, num_songs, effect))
        is_reproduced = (tail(moments, 0.0) < alpha) & (moments.effect >= smallest_effect)
        is_refuted = (1.0 - tail(moments, smallest_effect) < alpha) & ~is_reproduced
        reproduced, refuted = float(is_reproduced.mean()), float(is_refuted.mean())
        found.append(Power(effect, reproduced, refuted, 1.0 - reproduced - refuted))
    return tuple(found)
