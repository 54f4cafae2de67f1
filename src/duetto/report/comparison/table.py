"""The table of runs and their scores, with the best of each case marked.

Means are over common songs; scores without common songs (`incomparable`: case and metric) are marked, never starred.
"""

import math
from collections.abc import Sequence
from typing import Any

from duetto.evaluation.metric import ARROWS, BETTER, HEADLINE, Metric
from duetto.evaluation.registry import all_metrics
from duetto.report.collect import RunRecord
from duetto.report.comparison.common_songs import case_of

TEXT_COLUMNS = (("case", "Case"), ("model", "Model"), ("size", "Size"), ("preprocess", "Preprocessing"))
Incomparable = frozenset[tuple[str, str]]  # case and metric
OTHER_SONGS = "other songs"
SHARE_OF_A_BOUND = "_gap_closed"  # suffix of their names; above 100 %, the bound does not hold, so there is no merit


def runs_table(runs: Sequence[RunRecord], incomparable: Incomparable = frozenset()) -> dict[str, Any]:
    """Headline scores of every run."""
    metrics = _metrics_of(HEADLINE, runs) or [metric for metric in all_metrics() if metric.group == HEADLINE]
    return _table(runs, metrics, incomparable)


def secondary_tables(runs: Sequence[RunRecord], incomparable: Incomparable = frozenset()) -> list[dict[str, Any]]:
    """A table for each group of the other output scores that any run defines."""
    groups = list(dict.fromkeys(metric.group for metric in all_metrics() if metric.group != HEADLINE))
    tables = [{"group": group, **_table(runs, _metrics_of(group, runs), incomparable)} for group in groups]
    return [table for table in tables if table["columns"]]


def _metrics_of(group: str, runs: Sequence[RunRecord]) -> list[Metric]:
    """Output scores of a group that any run defines, in the order of the registry."""
    own = [metric for metric in all_metrics() if metric.group == group and metric.place == "output"]
    return [metric for metric in own if any(run.count(metric.name) for run in runs)]


def filters(runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """Filters of the table: facts in which the runs differ."""
    found = []
    for key, title in TEXT_COLUMNS:
        values = sorted({fact_of(run, key) for run in runs})
        if len(values) > 1:
            found.append({"key": key, "title": title, "choices": values})
    return found


def _table(runs: Sequence[RunRecord], metrics: Sequence[Metric], incomparable: Incomparable) -> dict[str, Any]:
    best = {metric.name: _best(runs, metric, incomparable) for metric in metrics}
    return {
        "columns": [
            {
                "title": metric.title,
                "unit": metric.unit,
                "arrow": ARROWS[metric.direction],
                "better": f"{BETTER[metric.direction]} is better",
                "meaning": metric.meaning,
            }
            for metric in metrics
        ],
        "rows": [_row(run, metrics, best, incomparable) for run in runs],
    }


def _row(
    run: RunRecord, metrics: Sequence[Metric], best: dict[str, set[str]], incomparable: Incomparable
) -> dict[str, Any]:
    minutes = run.training_seconds / 60
    return {
        "name": run.short_name,
        "signature": str(run.facts.get("signature") or run.folder.name),
        "facts": [(key, fact_of(run, key)) for key, _ in TEXT_COLUMNS],
        "seed": fact_of(run, "seed"),
        "status": str(run.facts.get("status") or "unknown"),
        "minutes": f"{minutes:.1f}" if math.isfinite(minutes) else "–",
        "minutes_key": _key(minutes),
        "cells": [
            {
                "text": metric.shown(run.mean(metric.name)),
                "key": _key(run.mean(metric.name)),
                "is_best": str(run.folder) in best[metric.name],
                "label": _label(run, metric, incomparable),
                "undefined": run.count(metric.name, "undefined"),
            }
            for metric in metrics
        ],
    }


def _label(run: RunRecord, metric: Metric, incomparable: Incomparable) -> str:
    said = [run.label(metric.name) or metric.label]
    if (case_of(run), metric.name) in incomparable and math.isfinite(run.mean(metric.name)):
        said.append(OTHER_SONGS)
    return ", ".join(filter(None, said))


def _best(runs: Sequence[RunRecord], metric: Metric, incomparable: Incomparable) -> set[str]:
    """Folders of the best runs of each case; a case with a single score, or scores of other songs, has no best."""
    found: set[str] = set()
    for case in {case_of(run) for run in runs if (case_of(run), metric.name) not in incomparable}:
        merits = {
            str(run.folder): _merit(run, metric)
            for run in runs
            if case_of(run) == case and math.isfinite(_merit(run, metric))
        }
        if len(merits) > 1 and min(merits.values()) < max(merits.values()):
            found |= {folder for folder, merit in merits.items() if merit == min(merits.values())}
    return found


def _merit(run: RunRecord, metric: Metric) -> float:
    """Merit of a score, smaller is better; NaN if a value has no merit."""
    value = run.mean(metric.name)
    if metric.name.endswith(SHARE_OF_A_BOUND) and value > 1.0:
        return math.nan
    ideal = run.mean(f"{metric.family}_reference") if metric.direction == "reference" else 0.0
    return {"up": -value, "down": value}.get(metric.direction, abs(value - ideal))


def fact_of(run: RunRecord, key: str) -> str:
    """A fact of run.json as text; a dash if it is missing."""
    value = run.facts.get(key)
    return "–" if value is None or value == "" else str(value)


def _key(value: float) -> str:
    """Sorting key of a cell; empty if undefined, which sorts last."""
    return f"{value:.9g}" if math.isfinite(value) else ""
