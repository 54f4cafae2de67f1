"""Detects overtraining, and selects the step to keep, from held-out conversions alone.

Conventions: a validation is a held-out conversion, scored at one step of the training. Its score is the mean of
distances to the reference and measures of artefacts, each divided by its own unit (`WATCHED`): lower is better, 0 is
the reference. A metric undefined in any validation is left out of all. Training losses are not used: with a
discriminator their target moves, and a network that memorises its clips lowers them.

Rule, over validations k = 1, 2, ...
    m_k    mean of the scores of the last WINDOW validations
    s      noise of one score: median |second difference of successive scores| / (0.6745 sqrt(6)), in which a steady
           trend cancels (pseudo-residuals, Gasser et al. 1986; the median against early leaps)
    e_k    (m_k - min over j <= k of m_j) / (s sqrt(2 / WINDOW)): how much worse than the best, in units of the noise
           of a difference of two such means
    overtraining is reported once e_k > LIMIT for RUN validations in a row (a criterion on the generalisation error's
    excess over its minimum that has to last: Prechelt 1998, "Early Stopping - But When?", GL and UP)
    the step kept is the latest with m_k <= min over j <= k of m_j + s / sqrt(WINDOW), as of that
    validation: within one standard error of the best, the longer training is preferred (Breiman et al. 1984,
    one-standard-error rule)

LIMIT comes from simulation: on flat noise the alarm is false in 5 of 100 trainings of 40 validations, 1 of 200 of 10
(`tests/training/test_overtraining.py`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

WINDOW = 3  # validations in a mean
RUN = 3  # validations in a row that have to be worse
LIMIT = 4.0  # in units of the noise of a difference of two means
LEAST = 6  # validations before the noise is known
NORMAL_QUARTILE = 0.6745  # median |x| of a standard normal variable

WATCHED: Mapping[str, float] = MappingProxyType(
    {  # metric: how much of it counts as one
        "mcd_output": 1.0,  # dB, timbre
        "mel_distance": 1.0,  # dB, timbre and noise
        "modulation_distance": 1.0,  # dB, restless or frozen held notes
        "hole_fraction": 0.05,  # share of cells
        "voicing_error": 0.05,  # share of frames, hoarse or buzzing
        "log_kurtosis_ratio": 0.5,  # musical noise in the pauses
    }
)
RULE = (
    f"Mean of {', '.join(f'|{name}| / {unit:g}' for name, unit in WATCHED.items())}, those defined in every "
    f"validation; smoothed over {WINDOW} validations. Kept: the latest validation within one standard error of the "
    f"best. Overtraining: worse than the best by more than {LIMIT:g} times the noise of the difference for {RUN} "
    "validations in a row."
)
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class OvertrainingReport:
    """The result of the rule on the validations so far."""

    steps: tuple[int, ...]  # of training, at each validation
    metrics: tuple[str, ...]  # that the score is made of
    scores: Scores  # (N,), lower is better
    smoothed: Scores  # (N,), NaN before WINDOW validations
    excess: Scores  # (N,), in units of noise, NaN before it is known
    noise: float  # of one score; NaN = not known yet
    overtraining_since: int | None  # step of the first of RUN validations that were worse

    @property
    def can_tell(self) -> bool:
        """Whether the noise is known, so that steps can be compared."""
        return not math.isnan(self.noise)

    @property
    def keeps_latest(self) -> bool:
        """Whether the last validation is within a standard error of the best; before that is known, a new best."""
        tolerance = self.noise / math.sqrt(WINDOW) if self.can_tell else 0.0
        known = self.smoothed[np.isfinite(self.smoothed)]
        return bool(known.size and self.smoothed[-1] <= known.min() + tolerance)

    def latest(self) -> dict[str, float]:
        """Values of the last validation, for the tracker."""
        values = (self.scores[-1], self.smoothed[-1], self.excess[-1])
        names = ("overtraining/score", "overtraining/smoothed", "overtraining/excess")
        return {name: float(value) for name, value in zip(names, values, strict=True)}

    def as_dict(self) -> dict[str, Any]:
        """Contents of overtraining.json."""
        return {
            "rule": RULE,
            "metrics": list(self.metrics),
            "steps": list(self.steps),
            "scores": self.scores.tolist(),
            "smoothed": self.smoothed.tolist(),
            "excess": self.excess.tolist(),
            "noise": self.noise,
            "overtraining_since_step": self.overtraining_since,
        }


def held_out_scores(rows: Sequence[Mapping[str, float]]) -> tuple[tuple[str, ...], Scores]:
    """Score of each validation.

    Args:
        rows: The metrics of each validation, by name.

    Returns:
        The metrics that every validation defines, and the scores, (N,): NaN when there is no such metric.
    """
    names = tuple(n for n in WATCHED if rows and all(math.isfinite(row.get(n, math.nan)) for row in rows))
    if not names:
        return (), np.full(len(rows), math.nan)
    return names, np.array([np.mean([abs(row[n]) / WATCHED[n] for n in names]) for row in rows])


def detect_overtraining(steps: Sequence[int], rows: Sequence[Mapping[str, float]]) -> OvertrainingReport:
    """Apply the rule to the validations so far."""
    metrics, scores = held_out_scores(rows)
    smoothed = np.full(len(scores), math.nan)
    for k in range(WINDOW, len(scores) + 1):
        smoothed[k - 1] = scores[k - WINDOW : k].mean()
    noise = noise_of(scores)
    behind = smoothed - np.fmin.accumulate(smoothed)
    unit = noise * math.sqrt(2.0 / WINDOW)
    excess = np.where(behind > 0.0, math.inf, behind) if unit == 0.0 else behind / unit
    return OvertrainingReport(tuple(steps), metrics, scores, smoothed, excess, noise, _alarm(steps, excess))


def noise_of(scores: Scores) -> float:
    """Standard deviation of a score about a slow trend; NaN before `LEAST` validations or if a score is undefined."""
    if len(scores) < LEAST or not np.isfinite(scores).all():
        return math.nan
    return float(np.median(np.abs(np.diff(scores, 2))) / (NORMAL_QUARTILE * math.sqrt(6.0)))


def _alarm(steps: Sequence[int], excess: Scores) -> int | None:
    """Step at which the first run of RUN validations over the limit began."""
    count = 0
    for number, value in enumerate(excess):
        count = count + 1 if value > LIMIT else 0
        if count == RUN:
            return steps[number - RUN + 1]
    return None
