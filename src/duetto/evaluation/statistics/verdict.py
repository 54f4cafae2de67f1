"""From scores to verdicts: reproduced, refuted or inconclusive. Pure functions on the tidy table.

- **reproduced**: the effect differs from 0 in the claimed direction (p < alpha, adjusted after Holm) and is at least
  the smallest effect of interest.
- **refuted**: an effect of the claimed direction and relevant size is ruled out (p < alpha, adjusted after Holm).
- **inconclusive**: neither.
- **undefined**: the scores are missing, or there is only one seed or one song.

Controls are treated differently: a null arm must show no effect (**holds** if none is significant), a positive control
must show one (**holds** if it is significant in its direction).
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from duetto.evaluation.statistics.bootstrap import crossed_bootstrap
from duetto.evaluation.statistics.contrast import Contrast, Score, evaluate_contrast
from duetto.evaluation.statistics.crossed import CrossedFit, complete_part, fit_crossed
from duetto.evaluation.statistics.equivalence import EITHER, holm, p_of_effect, p_of_equivalence, p_of_refutation

ALPHA = 0.05
REPRODUCED, REFUTED, INCONCLUSIVE, UNDEFINED = "reproduced", "refuted", "inconclusive", "undefined"
HOLDS, FAILS = "holds", "fails"
PRIMARY, SECONDARY, MITIGATION, NULL, POSITIVE = "primary", "secondary", "mitigation", "null", "positive_control"
ROLES = (PRIMARY, SECONDARY, MITIGATION, NULL, POSITIVE)


@dataclass(frozen=True)
class Claim:
    """A hypothesis in testable form."""

    name: str
    role: str  # one of ROLES: only primary ones share the family of Holm's adjustment
    contrast: Contrast
    direction: str  # greater | less | either: of the contrast
    smallest_effect: float  # above 0, in the metric's unit


@dataclass(frozen=True)
class StudyResult:
    """The result for one claim and architecture."""

    claim: Claim
    model: str
    fit: CrossedFit
    bootstrap: tuple[float, float]
    p: float  # of no effect in the claimed direction
    p_refutation: float
    p_equivalence: float
    p_adjusted: float
    p_refutation_adjusted: float
    seeds: tuple[int, ...]
    songs: tuple[str, ...]
    left_out: int  # cells (seed x song) that had to be left out
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        """JSON values; an undefined number is NaN."""
        low, high = self.fit.interval()
        return {
            "hypothesis": self.claim.name,
            "role": self.claim.role,
            "model": self.model,
            "metric": self.claim.contrast.metric,
            "direction": self.claim.direction,
            "smallest_effect": self.claim.smallest_effect,
            "effect": self.fit.effect,
            "interval": [low, high],
            "bootstrap_interval": list(self.bootstrap),
            "p": self.p,
            "p_holm": self.p_adjusted,
            "p_refutation": self.p_refutation,
            "p_refutation_holm": self.p_refutation_adjusted,
            "p_equivalence": self.p_equivalence,
            "verdict": self.verdict,
            "seeds": list(self.seeds),
            "songs": list(self.songs),
            "left_out": self.left_out,
            "model_of_the_mean": asdict(self.fit),
        }


def decide_all(
    scores: Sequence[Score], claims: Sequence[Claim], models: Sequence[str], family_size: int | None = None
) -> tuple[StudyResult, ...]:
    """Test every claim for every architecture.

    Args:
        scores: The tidy table.
        claims: Hypotheses and controls.
        models: Architectures.
        family_size: Primary tests of all studies together, for Holm's adjustment; None = those here.

    Returns:
        A result for each claim and architecture, in that order.
    """
    results = [_examine(scores, claim, model) for claim in claims for model in models]
    primary = [place for place, result in enumerate(results) if result.claim.role == PRIMARY]
    effects = holm([results[place].p for place in primary], family_size)
    refutations = holm([results[place].p_refutation for place in primary], family_size)
    adjusted = {place: pair for place, *pair in zip(primary, effects, refutations, strict=True)}
    return tuple(
        _decide(result, *adjusted.get(place, (result.p, result.p_refutation))) for place, result in enumerate(results)
    )


def decide(claim: Claim, fit: CrossedFit, p: float, p_refutation: float, alpha: float = ALPHA) -> str:
    """The verdict of a claim from its (adjusted) p values."""
    if not fit.is_testable or not math.isfinite(fit.effect):
        return UNDEFINED
    is_effect = p < alpha
    if claim.role == NULL:
        return FAILS if is_effect else HOLDS
    if claim.role == POSITIVE:
        return HOLDS if is_effect else FAILS
    claimed = abs(fit.effect) if claim.direction == EITHER else fit.effect * (-1 if claim.direction == "less" else 1)
    if is_effect and claimed >= claim.smallest_effect:
        return REPRODUCED
    return REFUTED if p_refutation < alpha else INCONCLUSIVE


def _examine(scores: Sequence[Score], claim: Claim, model: str) -> StudyResult:
    cells = evaluate_contrast(scores, claim.contrast, model)
    table = complete_part(cells.table)
    fit = fit_crossed(table)
    p, p_refutation = p_of_effect(fit, claim.direction), p_of_refutation(fit, claim.direction, claim.smallest_effect)
    return StudyResult(
        claim,
        model,
        fit,
        crossed_bootstrap(table),
        p,
        p_refutation,
        p_of_equivalence(fit, claim.smallest_effect),
        p,
        p_refutation,
        cells.seeds,
        cells.songs,
        int(cells.table.size - table.size),
        UNDEFINED,
    )


def _decide(result: StudyResult, p: float, p_refutation: float) -> StudyResult:
    verdict = decide(result.claim, result.fit, p, p_refutation)
    return replace(result, p_adjusted=p, p_refutation_adjusted=p_refutation, verdict=verdict)
