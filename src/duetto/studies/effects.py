"""Simple effects of a study: every arm against one of them, for each metric, architecture and condition apart.

A contrast of several conditions or arms is one number; what it is made of is told here. Effects are not adjusted for
their number and decide nothing. They follow from the tidy table alone, so a study that ran long ago has them too.
"""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from duetto.errors import ConfigError
from duetto.evaluation.statistics.contrast import Contrast, Score, evaluate_contrast
from duetto.evaluation.statistics.crossed import CrossedFit, complete_part, fit_crossed
from duetto.studies.schema import Study


@dataclass(frozen=True)
class SimpleEffect:
    """The mean difference of two arms in one condition, and their own means."""

    metric: str
    model: str
    condition: str
    arm: str
    arm_mean: float
    against_mean: float
    fit: CrossedFit  # of arm minus against


def simple_effects(study: Study, scores: Sequence[Score], against: str) -> list[SimpleEffect]:
    """Every arm against another.

    Args:
        study: The study.
        scores: Its tidy table.
        against: Name of an arm.

    Returns:
        By metric, architecture, condition and arm; combinations without a score are left out.

    Raises:
        ConfigError: If there is no such arm.
    """
    if against not in study.arms:
        raise ConfigError(f"study={study.name} has no arm {against}. Choose from {', '.join(study.arms)}.")
    found = []
    present = {(score.metric, score.model, score.condition) for score in scores}
    for metric, model, condition in sorted(present):
        for arm in study.arms:
            fits = [
                _fit(scores, metric, model, condition, weights)
                for weights in ({arm: 1.0, against: -1.0}, {arm: 1.0}, {against: 1.0})
            ]
            if arm != against and math.isfinite(fits[0].effect):
                found.append(SimpleEffect(metric, model, condition, arm, fits[1].effect, fits[2].effect, fits[0]))
    return found


def the_oracle(study: Study) -> str:
    """Name of the arm whose role is oracle.

    Raises:
        ConfigError: If there are several or none.
    """
    oracles = [name for name, arm in study.arms.items() if arm.role == "oracle"]
    if len(oracles) != 1:
        raise ConfigError(f"study={study.name} has {len(oracles)} oracles. Name an arm: --against ARM.")
    return oracles[0]


def _fit(scores: Sequence[Score], metric: str, model: str, condition: str, arms: dict[str, float]) -> CrossedFit:
    contrast = Contrast(metric, arms, {condition: 1.0})
    return fit_crossed(complete_part(evaluate_contrast(scores, contrast, model).table))


def read_scores(path: Path) -> list[Score]:
    """The tidy table that `duetto.report.study.write_results` wrote; an empty value is NaN.

    Raises:
        ConfigError: If the file is missing or has other columns.
    """
    if not path.is_file():
        raise ConfigError(f"There is no {path}: the study has no scores there. Run it, or name the folder: --output.")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    try:
        return [
            Score(
                row["arm"],
                row["model"],
                int(row["seed"]),
                row["song"],
                row["condition"],
                row["metric"],
                float(row["value"] or "nan"),
            )
            for row in rows
        ]
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigError(f"{path} is not a table of scores ({error}). Take it from the repository again.") from error
