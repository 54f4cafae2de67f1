"""The verdict of a study as JSON values: findings, shares, and everything that they rest on."""

from typing import Any

import numpy as np

from duetto.evaluation.statistics.shares import Shares, two_level_design, variance_shares
from duetto.evaluation.statistics.verdict import ALPHA, FAILS, NULL, POSITIVE, Finding, judge
from duetto.provenance import code_version
from duetto.studies.collect import Collection
from duetto.studies.expand import run_name
from duetto.studies.number import as_number
from duetto.studies.schema import Design, Study

PREREGISTERED, EXPLORATORY = "preregistered", "exploratory"


def conclude(study: Study, collection: Collection) -> dict[str, Any]:
    """Judge a study.

    Returns:
        JSON values: study, question, status and why, file_hash, code, hours, seeds, songs, runs, missing, findings
        (see `Finding.as_dict`), controls_hold, shares (None without a design).
    """
    findings = judge(collection.scores, study.claims, list(study.models), study.family_size)
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
            {**finding.as_dict(), "statement": study.hypotheses[finding.claim.name].claim} for finding in findings
        ],
        "controls_hold": controls_hold(findings),
        "shares": None if study.design is None else shares_by_model(study, study.design, collection),
    }


def why_exploratory(study: Study, collection: Collection) -> list[str]:
    """What keeps a study from counting as preregistered; empty = nothing."""
    reasons = []
    if not study.is_registered:
        reasons.append("the study's file is not the one that was registered")
    if collection.missing:
        reasons.append(f"{len(collection.missing)} of its runs are missing")
    codes = {str(run.facts.get("code", {}).get("sources")) for run in collection.runs}
    if len(codes) > 1:
        reasons.append(f"its runs were made by {len(codes)} versions of the code")
    return reasons


def controls_hold(findings: tuple[Finding, ...]) -> dict[str, bool]:
    """For each architecture whether every null arm and positive control came out as it has to."""
    controls = [finding for finding in findings if finding.claim.role in (NULL, POSITIVE)]
    models = sorted({finding.model for finding in controls})
    return {m: all(f.verdict != FAILS and f.fit.is_testable for f in controls if f.model == m) for m in models}


def shares_by_model(study: Study, design: Design, collection: Collection) -> dict[str, Any]:
    """Variance shares of each architecture; None where a score of the design is missing."""
    groups = {name: factor.group for name, factor in design.factors.items()}
    levels = two_level_design(len(groups), design.num_runs)
    found: dict[str, Any] = {}
    for model in study.models:
        table = design_table(study, design, collection, model)
        complete = table[:, :, ~np.isnan(table).any(axis=(0, 1))]
        enough = complete.size > 0 and complete.shape[1] > 1
        found[model] = as_json(variance_shares(complete, levels, groups)) if enough else None
    return found


def design_table(study: Study, design: Design, collection: Collection, model: str) -> np.ndarray:
    """The design's metric, (runs, seeds, songs); NaN where there is no score."""
    table = np.full((design.num_runs, len(study.seeds), len(study.songs)), np.nan)
    runs = {run_name(number): number for number in range(design.num_runs)}
    for score in collection.scores:
        if score.metric == design.metric and score.model == model and score.condition == "native":
            place = runs[score.arm], study.seeds.index(score.seed), study.songs.index(score.song)
            table[place] = score.value
    return table


def as_json(shares: Shares) -> dict[str, Any]:
    """Each share as {value, interval}."""
    parts = {"factors": shares.factors, "groups": shares.groups, "differences": shares.differences}
    return {
        part: {name: {"value": value, "interval": [low, high]} for name, (value, low, high) in values.items()}
        for part, values in parts.items()
    }
