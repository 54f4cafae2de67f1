"""The page of several runs and of the studies on them: sounds first, then scores, curves, verdicts and origins.

Architectures are only comparable if their runs had the same inputs: if content encoder, pitch tracker or data differ,
the page says so first.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from duetto.progress import ReportProgress
from duetto.report.collect import RunRecord, section
from duetto.report.comparison.cards import data_cards, model_cards
from duetto.report.comparison.chart import Chart, chart_part
from duetto.report.comparison.common_songs import over_common_songs
from duetto.report.comparison.curves import register_charts, speed_charts, training_charts
from duetto.report.comparison.differing import with_differences
from duetto.report.comparison.doses import dose_charts
from duetto.report.comparison.find import RESULTS, Found, find, read
from duetto.report.comparison.listening import FRONT, MEGABYTES, Shelf, listening_part
from duetto.report.comparison.names import architecture, architecture_order, architecture_title
from duetto.report.comparison.stress import stress_charts
from duetto.report.comparison.table import filters, runs_table, secondary_tables
from duetto.report.comparison.verdicts import read_verdicts, verdict_parts
from duetto.report.template import content_policy, make_environment, template_source
from duetto.storage.files import write_text

WANTED, TRAINING = ("Register", "Tempo", "Dose", "Length"), "Held-out scores against minutes of training"
SAME = (  # what has to be equal: its place in run.json and its name
    (("data_hash",), "training data"),
    (("config", "features", "content"), "content encoder"),
    (("config", "features", "f0"), "pitch tracker"),
    (("config", "eval", "retrieval"), "retrieval settings"),
)


def write_comparison(
    paths: Sequence[Path],
    output: Path,
    results: Path = RESULTS,
    megabytes: float = MEGABYTES,
    report: ReportProgress = lambda text, done, total: None,
) -> Path:
    """Write the page of the runs and verdicts in and below some folders.

    Args:
        paths: Runs, or folders of runs such as a sweep's.
        output: The .html file.
        results: Folder of the studies' verdicts.
        megabytes: Limit of sound embedded in the page; further sounds are linked.
        report: Called with (current work, number done, total).

    Raises:
        ConfigError: If there is neither a run nor a verdict.
        StorageError: If a folder is missing or the page cannot be written.
        AudioError: If a song's file is damaged.
    """
    shelf = Shelf(output.parent, 1e6 * megabytes)
    write_text(output, render_comparison(read(find(paths, results)), shelf, report))
    return output


def render_comparison(found: Found, shelf: Shelf, report: ReportProgress = lambda text, done, total: None) -> str:
    """The page as HTML text."""
    shared = over_common_songs(with_differences(found.runs))
    runs = shared.runs
    verdicts, unread = read_verdicts(found.verdict_files)
    listening = listening_part(runs, shelf, report)
    curves = curve_groups(runs)
    environment = make_environment()
    style = "\n".join(template_source(environment, name) for name in ("run.css", "comparison.css"))
    script = "\n".join(template_source(environment, name) for name in ("run.js", "comparison.js"))
    return environment.get_template("comparison.html").render(
        title=title_of(runs),
        facts=facts_of(runs, len(verdicts)),
        warnings=[*differences(runs), *shared.remarks, *found.problems, *unread],
        studies=verdict_parts(verdicts),
        other_studies=[
            {"name": file.parent.name.replace("_", " "), "uri": shelf.beside(file.parent / "README.md")}
            for file in found.other_verdicts
        ],
        curves=curves,
        missing=missing_curves(curves),
        speed=_charts(speed_charts(runs)),
        table=runs_table(runs, shared.incomparable),
        secondary=secondary_tables(runs, shared.incomparable),
        filters=filters(runs),
        listening=listening,
        sounds=shelf.said,
        data=data_cards(runs),
        models=model_cards(runs),
        policy=content_policy(style, script, "data: file: 'self'" if shelf.linked else "data:"),
        style=style,
        script=script,
    )


def title_of(runs: Sequence[RunRecord]) -> str:
    """Title of the page: the names that the runs were given, if they are few, else architectures and cases."""
    names = [run.given_name for run in runs]
    if all(names) and len(names) <= FRONT:
        return " and ".join(names)
    models = sorted({architecture(run) for run in runs}, key=architecture_order)
    cases = sorted({str(run.facts.get("case") or "") for run in runs} - {""})
    on = f" on {', '.join(case.replace('_', ' ') for case in cases)}" if cases else ""
    return f"{' and '.join(map(architecture_title, models)) or 'Studies'}{on}"


def facts_of(runs: Sequence[RunRecord], num_verdicts: int) -> list[tuple[str, str]]:
    """Counts shown at the top of the page."""
    songs = {song.song for run in runs for song in run.songs}
    minutes = [run.training_seconds / 60 for run in runs if math.isfinite(run.training_seconds)]
    codes = {str(section(run.facts, "code").get("commit") or "")[:12] for run in runs} - {""}
    return [
        ("runs", str(len(runs))),
        ("verdicts", str(num_verdicts)),
        ("songs", str(len(songs))),
        ("total training", f"{sum(minutes):.0f} min"),
        ("code", ", ".join(sorted(codes)) or "not recorded"),
    ]


def differences(runs: Sequence[RunRecord]) -> list[str]:
    """Differences between the runs that a comparison should not have, one sentence each."""
    found = []
    for path, title in SAME:
        values = [_dig(run.facts, path) for run in runs]
        if any(value != values[0] for value in values):
            found.append(f"The runs differ in their {title}, so their other differences may not be the cause.")
    minutes = [run.training_seconds / 60 for run in runs]
    if all(map(math.isfinite, minutes)) and minutes and max(minutes) > 1.1 * min(minutes):
        found.append(f"The runs trained for different times, from {min(minutes):.1f} to {max(minutes):.1f} min.")
    unfinished = [run.short_name for run in runs if run.facts.get("status") not in (None, "finished")]
    if unfinished:
        found.append(f"Not finished: {', '.join(unfinished)}.")
    if len(runs) > 1 and not set.intersection(*({(s.song, s.source_name) for s in run.songs} for run in runs)):
        found.append("No song was converted by all runs.")
    return found


def curve_groups(runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """Curves by heading; headings without curves are left out and named by `missing_curves`."""
    doses, stressed = dose_charts(runs), stress_charts(runs)

    def across(title: str) -> list[Chart]:
        return [*stressed.get(title, []), *doses.get(title, [])]

    groups = [
        (
            "Register",
            "Scores against the transposition of the same songs.",
            [*register_charts(runs), *across("Register")],
        ),
        ("Tempo", "Scores of slow and fast songs.", across("Tempo")),
        ("Dose", "Scores against the strength of cleaning.", across("Dose")),
        ("Length", "Scores against the length of the pieces.", across("Length")),
        (TRAINING, "An excerpt, converted at intervals with the current weights.", training_charts(runs)),
    ]
    parts = [{"title": title, "caption": caption, "charts": _charts(charts)} for title, caption, charts in groups]
    return [part for part in parts if part["charts"]]


def missing_curves(groups: Sequence[dict[str, Any]]) -> str:
    """Names of the curves without data."""
    present = {group["title"] for group in groups}
    return ", ".join(title.lower() for title in (*WANTED, TRAINING) if title not in present)


def _charts(charts: Sequence[Any]) -> list[dict[str, Any]]:
    return [part for part in map(chart_part, charts) if part is not None]


def _dig(values: dict[str, Any], path: tuple[str, ...]) -> Any:
    for name in path[:-1]:
        values = section(values, name)
    return values.get(path[-1])
