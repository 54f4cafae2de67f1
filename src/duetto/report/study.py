"""Writes the results of a study to docs/results: the verdict, its scores, a plot of them, and a page."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from duetto.errors import StorageError
from duetto.evaluation.registry import metric_named
from duetto.evaluation.statistics.contrast import NATIVE, Score
from duetto.evaluation.statistics.verdict import UNDEFINED
from duetto.report.comparison.chart import scaled
from duetto.report.comparison.names import architecture_title
from duetto.report.figures import BLUE, GREEN, ORANGE, png_bytes
from duetto.storage.files import atomic_path, read_object, write_json, write_text
from duetto.studies.schema import Study

VERDICT_FILE, SCORES_FILE, PICTURE_FILE, PAGE_FILE = "verdict.json", "scores.csv", "scores.png", "README.md"
LISTED = 3  # maximum number of names in a sentence
COLUMNS = ("model", "arm", "seed", "song", "condition", "metric", "value")
MARKS = ((BLUE, "o"), (ORANGE, "^"), (GREEN, "s"), ("#8E3B86", "D"), ("#000000", "v"), ("#7A5C00", "P"))


def write_results(study: Study, scores: Sequence[Score], verdict: dict[str, Any], folder: Path) -> None:
    """Write verdict.json, scores.csv, scores.png and README.md.

    Args:
        study: The study.
        scores: The tidy table; only the study's metrics are written.
        verdict: Result of `conclude`.
        folder: Folder of the results, created if missing.

    Raises:
        StorageError: If the folder cannot be written, or holds a verdict from more runs or scores; nothing is written.
    """
    require_no_loss(folder / VERDICT_FILE, verdict)
    metrics = metrics_of(study)
    kept = [score for score in scores if score.metric in metrics]
    write_json(folder / VERDICT_FILE, verdict)
    write_text(folder / SCORES_FILE, scores_text(kept))
    picture = scores_figure(study, metrics, kept)
    if picture is not None:
        with atomic_path(folder / PICTURE_FILE) as temporary:
            temporary.write_bytes(picture)
    write_text(folder / PAGE_FILE, page_text(study, verdict, picture is not None))


def require_no_loss(path: Path, verdict: dict[str, Any]) -> None:
    """Refuse to overwrite a verdict that is based on more runs or scores.

    Raises:
        StorageError: If runs or scores are missing now; names them and the remedy.
    """
    if not path.is_file():
        return
    before = read_object(path)
    runs, gone = arms_of(before), sorted(arms_of(before) - arms_of(verdict))
    undecided = sorted(decided_of(before) & (claims_of(verdict) - decided_of(verdict)))
    if gone and len(arms_of(verdict)) < len(runs):
        lost = f"{len(gone)} of its {len(runs)} runs are missing now ({_first(gone)})"
    elif undecided:
        lost = f"the scores for {_first([' of '.join(claim) for claim in undecided])} are missing now"
    else:
        return
    raise StorageError(
        f"{path} is kept, because it is based on more: {lost}. Restore them, or write elsewhere with --output FOLDER."
    )


def arms_of(verdict: dict[str, Any]) -> set[str]:
    """Arms whose runs a verdict is based on."""
    return {str(row.get("arm")) for row in _rows(verdict, "runs")}


def claims_of(verdict: dict[str, Any]) -> set[tuple[str, str]]:
    """Hypotheses and architectures of a verdict."""
    return {(str(row.get("hypothesis")), str(row.get("model"))) for row in _rows(verdict, "findings")}


def decided_of(verdict: dict[str, Any]) -> set[tuple[str, str]]:
    """Hypotheses and architectures that a verdict decides."""
    decided = [row for row in _rows(verdict, "findings") if row.get("verdict") != UNDEFINED]
    return claims_of({"findings": decided})


def _rows(verdict: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = verdict.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def metrics_of(study: Study) -> list[str]:
    """The metrics of a study's claims, the primary ones first."""
    ordered = sorted(study.hypotheses.values(), key=lambda each: each.role != "primary")
    names = [each.metric for each in ordered] + ([study.design.metric] if study.design else [])
    return list(dict.fromkeys(names))


def scores_text(scores: Sequence[Score]) -> str:
    """The tidy table as CSV; an undefined score is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for score in sorted(scores, key=lambda each: tuple(getattr(each, name) for name in COLUMNS[:-1])):
        value = f"{score.value:.6g}" if math.isfinite(score.value) else ""
        writer.writerow([*(getattr(score, name) for name in COLUMNS[:-1]), value])
    return text.getvalue()


def scores_figure(study: Study, metrics: Sequence[str], scores: Sequence[Score]) -> bytes | None:
    """Scores by arm, a panel for each metric and architecture; None when there is nothing to draw.

    Small marks are seeds and songs, large marks their mean.
    """
    models = [model for model in study.models if any(score.model == model for score in scores)]
    if not models or not any(math.isfinite(score.value) for score in scores):
        return None
    wanted = list(study.arms) + sorted({score.arm for score in scores} - set(study.arms))
    arms = [arm for arm in wanted if any(score.arm == arm for score in scores)]
    size = (1.2 + max(3.2, 0.62 * len(arms)) * len(models), 1.0 + 2.1 * len(metrics))
    figure = Figure(figsize=size, dpi=110, layout="constrained")
    panels = figure.subplots(len(metrics), len(models), squeeze=False, sharex=True, sharey="row")
    for row, metric in zip(panels, map(metric_named, metrics), strict=True):
        for panel, model in zip(row, models, strict=True):
            own = [score for score in scores if score.metric == metric.name and score.model == model]
            values = scaled(metric, [score.value for score in own])
            shown = [replace(score, value=value) for score, value in zip(own, values, strict=True)]
            _draw_scores(panel, shown, arms)
            panel.grid(axis="y", alpha=0.3)
        row[0].set_ylabel(f"{metric.title}\n({metric.unit})" if metric.unit else metric.title, fontsize=9)
    for panel, model in zip(panels[0], models, strict=True):
        panel.set_title(architecture_title(model), loc="left", fontsize=10, fontweight="bold")
    for panel in panels[-1]:
        panel.set_xticks(range(len(arms)), [arm.replace("_", " ") for arm in arms], rotation=40, ha="right", fontsize=8)
    handles, labels = panels[0][0].get_legend_handles_labels()
    if len(labels) > 1:
        figure.legend(handles, labels, loc="outside upper right", ncols=len(labels), fontsize=8, frameon=False)
    return png_bytes(figure)


def _draw_scores(panel: Axes, scores: Sequence[Score], arms: Sequence[str]) -> None:
    conditions = sorted({score.condition for score in scores}, key=lambda name: (name != NATIVE, name))
    for number, (condition, (colour, mark)) in enumerate(zip(conditions, cycle(MARKS), strict=False)):
        offset = 0.22 * (number - (len(conditions) - 1) / 2)
        places, means = [], []
        for place, arm in enumerate(arms):
            values = [s.value for s in scores if s.arm == arm and s.condition == condition and math.isfinite(s.value)]
            panel.plot([place + offset] * len(values), values, mark, color=colour, markersize=3, alpha=0.35, mew=0)
            if values:
                places.append(place + offset)
                means.append(float(np.mean(values)))
        panel.plot(places, means, mark, color=colour, markersize=7, mec="white", label=condition)


def page_text(study: Study, verdict: dict[str, Any], has_picture: bool) -> str:
    """The verdict in Markdown."""
    cost = f"{len(verdict['runs'])} runs, {verdict['hours']:.1f} h of one process"
    lines = [
        f"# {study.name.replace('_', ' ')}",
        study.question,
        "",
        f"    python sweep.py study={study.name}        # {cost}",
        f"    python -m duetto study {study.name}",
        "",
        f"**{verdict['status'].capitalize()}**{_reasons(verdict)}. Study `{study.file_hash[:12]}`, code of the runs "
        f"`{', '.join(verdict['code_of_runs'])}`, on {', '.join(verdict['device'])}; seeds {_all_of(study.seeds)}; "
        f"songs {_all_of(study.songs)}.",
        "",
        "| hypothesis | role | model | effect | 95 % interval | smallest of interest | p | verdict |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(finding) for finding in verdict["findings"]),
        "",
        *_claims(verdict["findings"]),
        *_shares(verdict["shares"] or {}),
    ]
    if has_picture:
        alt = "Scores of every arm, for each metric and architecture."
        lines += ["", f"![{alt}]({PICTURE_FILE})", "", "Small marks: seeds and songs; large: their mean. `scores.csv`."]
    return "\n".join(lines) + "\n"


def _reasons(verdict: dict[str, Any]) -> str:
    return f" ({'; '.join(verdict['why_exploratory'])})" if verdict["why_exploratory"] else ""


def _all_of(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values))


def _row(finding: dict[str, Any]) -> str:
    low, high = finding["interval"]
    p = finding.get("p_holm", finding["p"])
    numbers = (_number(finding["effect"]), f"{_number(low)} to {_number(high)}", _number(finding["smallest_effect"]))
    name, role = finding["hypothesis"].replace("_", " "), finding["role"].replace("_", " ")
    cells = (name, role, architecture_title(finding["model"]), *numbers, _number(p), f"**{finding['verdict']}**")
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "–"


def _claims(findings: Sequence[dict[str, Any]]) -> list[str]:
    """The text of each hypothesis, without repetitions."""
    said = {each["hypothesis"]: (each["statement"], each["metric"]) for each in findings}
    return [f"- *{name.replace('_', ' ')}* (`{metric}`): {text}" for name, (text, metric) in said.items()]


def _shares(shares: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for model, own in shares.items():
        if own is None:
            continue
        lines += [
            "",
            f"{architecture_title(model)}: share of the variance between runs",
            "",
            "| factor | share | interval |",
        ]
        lines.append("|---|---|---|")
        for name, estimate in {**own["factors"], **own["groups"]}.items():
            low, high = (100 * limit for limit in estimate["interval"])
            lines.append(f"| {name} | {100 * estimate['value']:.1f} % | {low:.1f} to {high:.1f} % |")
    return lines
