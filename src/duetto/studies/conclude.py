"""The verdict of a study as JSON values: results, variance shares, and the data behind them."""

import math
from typing import Any

import numpy as np

from duetto.evaluation.statistics.shares import Shares, two_level_design, variance_shares
from duetto.evaluation.statistics.verdict import (
    ALPHA,
    FAILS,
    HOLDS,
    INCONCLUSIVE,
    NULL,
    POSITIVE,
    PRIMARY,
    REFUTED,
    REPRODUCED,
    UNDEFINED,
    StudyResult,
    decide_all,
)
from duetto.settings.provenance import code_version
from duetto.studies.collect import Collection
from duetto.studies.expand import run_name
from duetto.studies.number import as_number
from duetto.studies.schema import Design, Study

PREREGISTERED, EXPLORATORY = "preregistered", "exploratory"
NOTHING = "nothing"  # group of the factor without effect, the null of a design


def conclude(study: Study, collection: Collection) -> dict[str, Any]:
    """Reach the verdict of a study.

    Returns:
        JSON values: study, question, status and reasons, file_hash, code, hours, seeds, songs, runs, missing, findings
        (see `StudyResult.as_dict`), controls_hold, shares (None without a design).
    """
    results = decide_all(collection.scores, study.claims, list(study.models), study.family_size)
    shares = None if study.design is None else shares_by_model(study, study.design, collection)
    of_shares = [] if study.design is None or shares is None else share_findings(study, study.design, shares)
    reasons = why_exploratory(study, collection)
    codes = sorted({str(run.facts.get("code", {}).get("sources")) for run in collection.runs})
    return {
        "study": study.name,
        "question": study.question,
        "status": EXPLORATORY if reasons else PREREGISTERED,
        "exploratory": bool(reasons),
        "why_exploratory": reasons,
        "file_hash": study.file_hash,
        "code": code_version(),
        "code_of_runs": codes,
        "device": sorted({str(run.facts.get("device")) for run in collection.runs}),
        "hours": float(np.nansum([as_number(run.facts.get("hours")) for run in collection.runs])),
        "seeds": list(study.seeds),
        "songs": list(study.songs),
        "alpha": ALPHA,
        "family_size": study.family_size,
        "runs": [
            {"arm": r.arm.name, "run": r.folder.name, "signature": r.facts.get("signature")} for r in collection.runs
        ],
        "missing": [{"arm": name, "why": why} for name, why in collection.missing],
        "findings": [
            *({**result.as_dict(), "statement": study.hypotheses[result.claim.name].claim} for result in results),
            *of_shares,
        ],
        "controls_hold": {**controls_hold(results), **nothing_explains(of_shares)},
        "shares": shares,
    }


def why_exploratory(study: Study, collection: Collection) -> list[str]:
    """Reasons why a study does not count as preregistered; empty if there are none."""
    reasons = []
    if not study.is_registered:
        reasons.append("the study's file is not the registered one")
    if collection.missing:
        reasons.append(f"{len(collection.missing)} of its runs are missing")
    codes = {str(run.facts.get("code", {}).get("sources")) for run in collection.runs}
    if len(codes) > 1:
        reasons.append(f"its runs come from {len(codes)} versions of the code")
    return reasons


def controls_hold(results: tuple[StudyResult, ...]) -> dict[str, bool]:
    """For each architecture, whether every null arm and positive control has the required result."""
    controls = [result for result in results if result.claim.role in (NULL, POSITIVE)]
    models = sorted({result.model for result in controls})
    return {m: all(f.verdict != FAILS and f.fit.is_testable for f in controls if f.model == m) for m in models}


def shares_by_model(study: Study, design: Design, collection: Collection) -> dict[str, Any]:
    """Variance shares of each architecture; None if a score of the design is missing."""
    groups = {name: factor.group for name, factor in design.factors.items()}
    levels = two_level_design(len(groups), design.num_runs)
    found: dict[str, Any] = {}
    for model in study.models:
        table = design_table(study, design, collection, model)
        complete = table[:, :, ~np.isnan(table).any(axis=(0, 1))]
        enough = complete.size > 0 and complete.shape[1] > 1
        found[model] = as_json(variance_shares(complete, levels, groups)) if enough else None
    return found


def share_findings(study: Study, design: Design, shares: dict[str, Any]) -> list[dict[str, Any]]:
    """For each architecture, the claim about two groups, and the claim that the null factor explains nothing.

    The interval decides: *reproduced* if the difference is large enough and its interval is above 0, *refuted* if the
    interval is below the smallest relevant difference. Each side excludes 2.5 %, half of alpha for two architectures.
    """
    found = []
    for model, own in shares.items():
        common = {"model": model, "metric": f"share of the variance of {design.metric}", "p": math.nan}
        common |= {"seeds": list(study.seeds), "songs": list(study.songs)}
        if design.compare:
            smallest = design.smallest_difference
            value, low, high = _estimate(own, "differences", " - ".join(design.compare))
            verdict = decide_share(value, low, high, smallest)
            name = "_over_".join(design.compare)
            claim = {"hypothesis": name, "statement": design.claim, "role": PRIMARY, "direction": "greater"}
            numbers = {"effect": value, "interval": [low, high], "smallest_effect": smallest, "verdict": verdict}
            found.append({**common, **claim, **numbers})
        if NOTHING in {factor.group for factor in design.factors.values()}:
            value, low, high = _estimate(own, "groups", NOTHING)
            verdict = UNDEFINED if math.isnan(value) else HOLDS if low <= 0.0 else FAILS
            claim = {
                "hypothesis": NOTHING,
                "statement": "A factor that changes nothing explains nothing.",
                "role": NULL,
            }
            numbers = {"effect": value, "interval": [low, high], "smallest_effect": math.nan, "verdict": verdict}
            found.append({**common, **claim, **numbers})
    return found


def decide_share(value: float, low: float, high: float, smallest: float) -> str:
    """The verdict on a difference of shares, given its interval."""
    if math.isnan(value):
        return UNDEFINED
    if low > 0.0 and value >= smallest:
        return REPRODUCED
    return REFUTED if high < smallest else INCONCLUSIVE


def nothing_explains(results: list[dict[str, Any]]) -> dict[str, bool]:
    """For each architecture, whether the null factor explains nothing."""
    return {each["model"]: each["verdict"] == HOLDS for each in results if each["role"] == NULL}


def _estimate(shares: dict[str, Any] | None, part: str, name: str) -> tuple[float, float, float]:
    if shares is None:
        return math.nan, math.nan, math.nan
    entry = shares[part].get(name)
    if entry is None:  # the groups are in the other order
        other = shares[part][" - ".join(reversed(name.split(" - ")))]
        return -other["value"], -other["interval"][1], -other["interval"][0]
    return entry["value"], *entry["interval"]


def design_table(study: Study, design: Design, collection: Collection, model: str) -> np.ndarray:
    """Scores of the design's metric, (runs, seeds, songs); NaN if missing."""
    table = np.full((design.num_runs, len(study.seeds), len(study.songs)), np.nan)
    runs = {run_name(number): number for number in range(design.num_runs)}
    for score in collection.scores:
        if score.metric == design.metric and score.model == model and score.condition == "native":
            place = runs[score.arm], study.seeds.index(score.seed), study.songs.index(score.song)
            table[place] = score.value
    return table


def as_json(shares: Shares) -> dict[str, Any]:
    """The shares as JSON values, each as {value, interval}."""
    parts = {"factors": shares.factors, "groups": shares.groups, "differences": shares.differences}
    return {
        part: {name: {"value": value, "interval": [low, high]} for name, (value, low, high) in values.items()}
        for part, values in parts.items()
    }
