"""The page of very many runs: one table with search, sorting and players, and links to the pages of the runs.

No browser could open a page with curves, parallel players and cards of hundreds of runs. The page says what it leaves
out; a comparison of some of the runs has it.
"""

import math
import os
from pathlib import Path
from typing import Any

from duetto.errors import DuettoError
from duetto.evaluation.metric import ARROWS, HEADLINE, Metric
from duetto.evaluation.registry import all_metrics
from duetto.progress import ReportProgress
from duetto.renamed import find_file
from duetto.report.collect import collect_scores
from duetto.report.comparison.find import Named
from duetto.report.comparison.table import TEXT_COLUMNS, fact_of
from duetto.report.template import content_policy, make_environment, template_source
from duetto.storage.files import write_text
from duetto.storage.run_folder import EvaluationFolder, RunFolder

MANY = 200  # runs; more runs are listed, not compared
TOLD_PROBLEMS = 20  # maximum number of sentences at the top of the page; the rest are counted
REPORT_EVERY = 100

CatalogueLine = list[
    Any
]  # name, folder, sound or "", facts as in TEXT_COLUMNS, seed, status, minutes, songs, then scores; null = none


def write_catalogue(named: Named, output: Path, report: ReportProgress) -> Path:
    """Write the table of all runs; only their records and scores are read.

    Args:
        named: The runs; an unreadable one becomes a sentence on the page.
        output: The .html file.
        report: Called with (current work, number done, total).

    Raises:
        StorageError: If the page cannot be written.
    """
    metrics = [metric for metric in all_metrics() if metric.group == HEADLINE and metric.place == "output"]
    rows: list[CatalogueLine] = []
    problems = list(named.problems)
    for count, (folder, name) in enumerate(named.runs.items()):
        if count % REPORT_EVERY == 0:
            report("Reading runs", count, len(named.runs))
        try:
            rows.append(_row(folder, name, named.evaluations.get(folder), metrics, output.parent.resolve()))
        except DuettoError as error:
            problems.append(f"{folder.name} is left out: {error}")
    report("Reading runs", len(named.runs), len(named.runs))
    write_text(output, render_catalogue(rows, metrics, problems))
    return output


def render_catalogue(rows: list[CatalogueLine], metrics: list[Metric], problems: list[str]) -> str:
    """The page as HTML text."""
    environment = make_environment()
    style = "\n".join(template_source(environment, name) for name in ("run.css", "comparison.css"))
    script = template_source(environment, "comparison/catalogue.js")
    columns = [(title, "text") for _, title in TEXT_COLUMNS]
    columns += [("Seed", "number"), ("Status", "text"), ("Training, min", "number"), ("Songs", "number")]
    columns += [(_heading(metric), "number") for metric in metrics]
    rest = len(problems) - TOLD_PROBLEMS
    told = problems[:TOLD_PROBLEMS] + ([f"{rest} more runs are missing or left out."] if rest > 0 else [])
    return environment.get_template("comparison/catalogue.html").render(
        title=f"{len(rows)} runs",
        columns=columns,
        rows=rows,
        problems=told,
        policy=content_policy(style, script, "file: 'self'"),
        style=style,
        script=script,
    )


def _heading(metric: Metric) -> str:
    return " ".join(part for part in (metric.title, metric.unit, ARROWS[metric.direction]) if part)


def _row(
    folder: Path, name: str, chosen: EvaluationFolder | None, metrics: list[Metric], beside: Path
) -> CatalogueLine:
    place = chosen or RunFolder(folder).newest_evaluation()
    run = collect_scores(folder, name, place)
    minutes, seed, songs = run.training_seconds / 60, run.facts.get("seed"), _songs(place)
    return [
        name or folder.name,
        Path(os.path.relpath(folder, beside)).as_posix(),
        _first_sound(folder, songs),
        *(fact_of(run, key) for key, _ in TEXT_COLUMNS),
        seed if isinstance(seed, int) else None,
        str(run.facts.get("status") or "unknown"),
        _rounded(minutes, 1),
        len(songs) or None,
        *(_rounded(run.mean(metric.name), metric.digits + 2) for metric in metrics),
    ]


def _rounded(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None


def _songs(place: EvaluationFolder | None) -> list[Path]:
    """Folders of the songs over which the scores are means."""
    if place is None or not place.songs.is_dir():
        return []
    return sorted(place.songs / entry.name for entry in os.scandir(place.songs) if entry.is_dir())


def _first_sound(folder: Path, songs: list[Path]) -> str:
    """Path of the first converted song, relative to the run's folder; empty if there is none."""
    sound = find_file(songs[0], "output.wav") if songs else None
    return sound.relative_to(folder).as_posix() if sound is not None and sound.is_file() else ""
