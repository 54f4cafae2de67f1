"""`python -m duetto stress`: tests trained voices at other pitches, on slow songs, held notes and fragments."""

import argparse
import math
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

SHOWN = ("mcd_output", "f0_rmse_cents", "voicing_error", "speaker_similarity", "modulation_energy", "dip_rate")


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("stress", help="test voices at other pitches, on slow songs and held notes")
    parser.add_argument("runs", nargs="+", metavar="run", help="latest, a run's name or signature, or its folder")
    parser.add_argument("--test", action="append", help="transposition, tempo, held or fragments; default: all")
    parser.add_argument("--songs", type=int, default=0, help="number of songs of each test (default: all)")
    parser.add_argument("--logs", type=Path, default=Path("logs"), help="folder of the runs (default: logs)")
    parser.set_defaults(action=stress_runs)


def stress_runs(options: argparse.Namespace, console: Console) -> None:
    """Stress-test each run and show its scores by condition."""
    from duetto.runs.stress import check_names, stress_run
    from duetto.runs.stress_cases import STRESS_TESTS
    from duetto.storage.run_folder import RunFolder
    from duetto.terminal import progress_bar
    from duetto.voices.find import find_run

    names = options.test or list(STRESS_TESTS)
    check_names(names)
    for wanted in options.runs:
        folder = find_run(options.logs, wanted)
        with progress_bar(console) as report:
            state = stress_run(folder, names, report, max(0, options.songs))
        for name in names:
            console.print(stress_table(name, state["stress_tests"][name]["cases"]))
        console.print(str(RunFolder(folder).stress_tests), markup=False, soft_wrap=True)


def stress_table(name: str, cases: list[dict[str, Any]]) -> Table:
    """Mean scores of a stress test, one row per condition, sorted by its number; undefined scores are left out."""
    from duetto.evaluation.registry import metric_named
    from duetto.report.comparison.stress import condition_value

    def place(condition: str) -> float:
        value = condition_value(condition, native=0.0)
        return -math.inf if math.isnan(value) else value

    metrics = [metric_named(metric) for metric in SHOWN]
    is_diagnostic = any(case["label"] for case in cases)
    title = f"{name}{' (diagnostic: there is no reference)' if is_diagnostic else ''}"
    table = Table(Column("condition", no_wrap=True), "songs", title=title, title_justify="left")
    for metric in metrics:
        table.add_column(metric.title, justify="right")
    for condition in sorted(dict.fromkeys(case["condition"] for case in cases), key=place):
        rows = [case for case in cases if case["condition"] == condition]
        means = [mean([row["metrics"].get(metric.name) for row in rows]) for metric in metrics]
        shown = [metric.shown(value) for metric, value in zip(metrics, means, strict=True)]
        table.add_row(escape(condition), str(len(rows)), *shown)
    return table


def mean(values: list[float | None]) -> float:
    """Mean of the defined values; NaN if there are none."""
    defined = [value for value in values if value is not None and math.isfinite(value)]
    return sum(defined) / len(defined) if defined else math.nan
