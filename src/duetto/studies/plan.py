"""The plan of a study before training: its runs, claims and power."""

from dataclasses import asdict
from typing import Any

from duetto.evaluation.statistics.power import Power, simulate_power
from duetto.evaluation.statistics.verdict import ALPHA, PRIMARY
from duetto.studies.expand import expand
from duetto.studies.schema import Design, Hypothesis, Study

TRUE_EFFECTS = (0.0, 1.0, 2.0, 3.0)  # multiples of the smallest effect of interest


def power_of(study: Study, hypothesis: Hypothesis) -> tuple[Power, ...]:
    """How often a hypothesis would be reproduced or refuted; empty if no spread is assumed."""
    num_songs = len(hypothesis.songs or study.songs)
    if hypothesis.spread is None or hypothesis.smallest_effect == 0 or num_songs < 2:
        return ()
    alpha = ALPHA / study.family_size if hypothesis.role == PRIMARY else ALPHA
    smallest = hypothesis.smallest_effect
    effects = [share * smallest for share in TRUE_EFFECTS]
    alpha = alpha / 2 if hypothesis.direction == "either" else alpha
    return simulate_power(hypothesis.spread, len(study.seeds), num_songs, smallest, effects, alpha)


def plan_study(study: Study) -> dict[str, Any]:
    """The plan as JSON values."""
    arms = expand(study)
    return {
        "study": study.name,
        "question": study.question,
        "file_hash": study.file_hash,
        "is_registered": study.is_registered,
        "seeds": list(study.seeds),
        "songs": list(study.songs),
        "runs": [{"name": arm.name, "overrides": list(arm.overrides)} for arm in arms],
        "hypotheses": [
            *(
                {
                    "name": name,
                    **asdict(hypothesis),
                    "power": [asdict(power) for power in power_of(study, hypothesis)],
                }
                for name, hypothesis in study.hypotheses.items()
            ),
            *share_claims(study.design),
        ],
    }


def share_claims(design: Design | None) -> list[dict[str, Any]]:
    """The claims of a design in the form of hypotheses; their power is not simulated."""
    if design is None or not design.compare:
        return []
    claim = {"name": "_over_".join(design.compare), "claim": design.claim, "role": PRIMARY, "power": []}
    metric = f"share of the variance of {design.metric}"
    return [{**claim, "metric": metric, "smallest_effect": design.smallest_difference}]
