"""`python -m duetto report`: the page of a run, written again, or one page that compares several."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("report", help="write the page of a run again, or one that compares several runs")
    parser.add_argument("runs", type=Path, nargs="+", metavar="run", help="a run's folder; several: side by side")
    parser.add_argument("--output", type=Path, help="of a comparison; default: comparison.html in the working folder")
    parser.set_defaults(action=write_report)


def write_report(options: argparse.Namespace, console: Console) -> None:
    """Render index.html of a run anew, or a comparison."""
    from duetto.report.compare import COMPARISON_NAME, write_comparison
    from duetto.report.page import write_run_page

    if len(options.runs) == 1:
        page = write_run_page(options.runs[0])
    else:
        page = write_comparison(options.runs, options.output or Path(COMPARISON_NAME))
    console.print(str(page), markup=False, soft_wrap=True)
