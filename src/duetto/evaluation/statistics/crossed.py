"""The mean of a contrast over sampled seeds and songs: a mixed model with two crossed random effects.

    y[i, j] = mu + a[i] + b[j] + e[i, j],   a ~ N(0, seed variance), b ~ N(0, song variance), e ~ N(0, residual)

Treating seeds x songs as independent values turns a third to a half of true zeros into effects (table in
docs/studies.md). On a complete table the estimates have a closed form: mean squares of seeds, songs and rest, which
give restricted maximum likelihood; a variance that would be negative is 0 and its mean square is pooled with the rest.
The mean's variance is (MS_seeds + MS_songs - MS_rest) / (I J), with Satterthwaite's degrees of freedom.

A table with gaps is reduced to its complete part: the seed or song with most missing values is removed first; what was
removed is counted.

statsmodels' `MixedLM` is not used, because it has no degrees of freedom (its z tests are wrong for five seeds) and is
about a thousand times slower, which rules out the simulations. The tests compare our estimates with it.

References: Searle, Casella & McCulloch, Variance Components, 1992, ch. 4; Satterthwaite, Biometrics Bulletin 2, 1946;
Baayen, Davidson & Bates, Journal of Memory and Language 59, 2008 (why both are random).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit  # Student's t; scipy.stats takes a second to import

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Estimates for many tables at once; every array (...)."""

    effect: FloatArray
    error_variance: FloatArray  # of the effect
    degrees: FloatArray  # of freedom
    seed_variance: FloatArray
    song_variance: FloatArray
    residual_variance: FloatArray


@dataclass(frozen=True)
class CrossedFit:
    """The mean of a contrast, and its uncertainty."""

    effect: float  # in the metric's unit; NaN without data
    standard_error: float  # NaN with fewer than two seeds or songs
    degrees: float  # of freedom; 0 = nothing can be concluded
    seed_variance: float
    song_variance: float
    residual_variance: float
    num_seeds: int
    num_songs: int

    @property
    def is_testable(self) -> bool:
        """Whether anything can be concluded."""
        return math.isfinite(self.standard_error) and self.degrees > 0

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval of the effect; infinite when nothing can be concluded."""
        if not self.is_testable:
            return -math.inf, math.inf
        half = self.standard_error * float(stdtrit(self.degrees, 0.5 + level / 2))
        return self.effect - half, self.effect + half

    def p_greater(self, margin: float) -> float:
        """One-sided p of "the effect is at most `margin`"; 1.0 when nothing can be concluded."""
        return self._tail(self.effect - margin)

    def p_less(self, margin: float) -> float:
        """One-sided p of "the effect is at least `margin`"; 1.0 when nothing can be concluded."""
        return self._tail(margin - self.effect)

    def _tail(self, distance: float) -> float:
        if not self.is_testable:
            return 1.0
        if self.standard_error == 0.0:
            return 0.0 if distance > 0 else 1.0
        return float(stdtr(self.degrees, -distance / self.standard_error))


def fit_crossed(table: FloatArray) -> CrossedFit:
    """Fit the model to a contrast.

    Args:
        table: One value for each seed and song, (I, J), complete (see `complete_part`).

    Returns:
        Only the effect if there is one seed, because the spread between seeds is then unknown. Likewise with one song.
    """
    num_seeds, num_songs = table.shape
    effect = float(table.mean()) if table.size else math.nan
    if min(num_seeds, num_songs) < 2:
        return CrossedFit(effect, math.nan, 0.0, math.nan, math.nan, math.nan, num_seeds, num_songs)
    moments = estimate_moments(table)
    return CrossedFit(
        effect,
        math.sqrt(float(moments.error_variance)),
        float(moments.degrees),
        float(moments.seed_variance),
        float(moments.song_variance),
        float(moments.residual_variance),
        num_seeds,
        num_songs,
    )


def estimate_moments(tables: FloatArray) -> Moments:
    """Estimates of complete tables (..., I, J) with I, J >= 2."""
    num_seeds, num_songs = tables.shape[-2:]
    free_seeds, free_songs = num_seeds - 1, num_songs - 1
    free_rest = free_seeds * free_songs
    effect = tables.mean((-2, -1))
    of_seeds = tables.mean(-1) - effect[..., None]
    of_songs = tables.mean(-2) - effect[..., None]
    rest = tables - effect[..., None, None] - of_seeds[..., :, None] - of_songs[..., None, :]
    sum_seeds, sum_songs = num_songs * np.sum(of_seeds**2, -1), num_seeds * np.sum(of_songs**2, -1)
    sum_rest = np.sum(rest**2, (-2, -1))
    seeds, songs, residual = sum_seeds / free_seeds, sum_songs / free_songs, sum_rest / free_rest
    has_seeds, has_songs = seeds > residual, songs > residual
    pooled = (sum_rest + np.where(has_seeds, 0, sum_seeds) + np.where(has_songs, 0, sum_songs)) / (
        free_rest + np.where(has_seeds, 0, free_seeds) + np.where(has_songs, 0, free_songs)
    )
    both = seeds + songs - residual
    spread = seeds**2 / free_seeds + songs**2 / free_songs + residual**2 / free_rest
    with np.errstate(divide="ignore", invalid="ignore"):
        free_both = np.where(spread > 0, both**2 / spread, free_seeds + free_songs + free_rest)
    cases = [has_seeds & has_songs, has_seeds, has_songs]
    total = np.select(cases, [both, np.maximum(seeds, pooled), np.maximum(songs, pooled)], pooled)
    degrees = np.select(cases, [free_both, free_seeds, free_songs], free_seeds + free_songs + free_rest)
    return Moments(
        effect,
        total / (num_seeds * num_songs),
        np.asarray(degrees, dtype=np.float64),
        np.maximum(seeds - pooled, 0.0) / num_songs,
        np.maximum(songs - pooled, 0.0) / num_seeds,
        pooled,
    )


def complete_part(table: FloatArray) -> FloatArray:
    """Remove the row or column of (I, J) with most NaN until none is left.

    Among equals a column (song) is removed before a row (seed), and a later one before an earlier one.
    """
    while table.size and np.isnan(table).any():
        missing = np.isnan(table)
        rows, columns = missing.mean(1), missing.mean(0)
        if columns.max() >= rows.max():
            place = len(columns) - 1 - int(np.argmax(columns[::-1]))
            table = np.delete(table, place, axis=1)
        else:
            place = len(rows) - 1 - int(np.argmax(rows[::-1]))
            table = np.delete(table, place, axis=0)
    return table
