"""`python -m duetto report`: writes the page of a run again, or a page that compares several runs."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("report", help="write a run's page again, or one that compares several runs")
    parser.add_argument(
        "runs",
        type=Path,
        nargs="+",
        metavar="run",
        help="a run's name, signature or folder; for a comparison several, or a sweep's folder",
    )
    parser.add_argument("--logs", type=Path, default=Path("logs"), help="folder of the runs (default: logs)")
    parser.add_argument(
        "--output", type=Path, help="file of a comparison; default: comparison.html in the working folder"
    )
    parser.add_argument("--results", type=Path, help="folder of the studies' verdicts; default: docs/results")
    parser.add_argument(
        "--megabytes", type=float, help="limit of sound embedded in a comparison, the rest is linked; default: 24"
    )
    parser.set_defaults(action=write_report)


def write_report(options: argparse.Namespace, console: Console) -> None:
    """Write index.html of a run again, or a comparison."""
    from duetto.report.comparison.find import run_folders
    from duetto.voices.find import folder_of

    options.runs = [folder_of(each, options.logs) for each in options.runs]
    if len(options.runs) == 1 and options.runs[0].is_dir() and run_folders(options.runs[0]) == options.runs:
        from duetto.report.page import write_run_page
        from duetto.runs.registration import register_run
        from duetto.storage.run_folder import RunFolder

        page = write_run_page(options.runs[0])
        register_run(RunFolder(options.runs[0]))
    else:
        page = compare(options, console)
    console.print(str(page), markup=False, soft_wrap=True)


def compare(options: argparse.Namespace, console: Console) -> Path:
    """Write the comparison."""
    from duetto.report.comparison.find import COMPARISON_NAME
    from duetto.runs.compare import compare_runs
    from duetto.terminal import progress_bar

    with progress_bar(console) as report:
        return compare_runs(
            options.runs, options.output or Path(COMPARISON_NAME), report, options.results, options.megabytes
        )
