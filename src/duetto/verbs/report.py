"""`python -m duetto report`: the page of a run, written again."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("report", help="write the page of a run again")
    parser.add_argument("run", type=Path, help="a run's folder")
    parser.set_defaults(action=write_report)


def write_report(options: argparse.Namespace, console: Console) -> None:
    """Render index.html of a run anew."""
    from duetto.report.page import write_run_page

    console.print(str(write_run_page(options.run)), markup=False)
