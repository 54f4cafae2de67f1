"""`python -m duetto dashboard`: builds a W&B workspace that compares several runs."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("dashboard", help="build a W&B workspace that compares several runs")
    parser.add_argument("runs", type=Path, nargs="+", metavar="run", help="runs, or folders such as a sweep's")
    parser.add_argument("--logs", type=Path, default=Path("logs"), help="folder of the runs (default: logs)")
    parser.add_argument("--entity", help="user or team; default: that of the runs, else the account's default")
    parser.add_argument("--project", help="default: that of the runs")
    parser.add_argument("--results", type=Path, help="folder of the studies' verdicts; default: docs/results")
    parser.add_argument("--write", type=Path, help="write the workspace to this JSON file instead of sending it")
    parser.set_defaults(action=make_dashboard)


def make_dashboard(options: argparse.Namespace, console: Console) -> None:
    """Build the workspace, and send it or write it to a file."""
    from duetto.report.comparison.find import RESULTS, find, read
    from duetto.report.dashboard import Place, build_workspace, place_of, save, serialised
    from duetto.storage.files import write_json
    from duetto.voices.find import folder_of

    runs = [folder_of(each, options.logs) for each in options.runs]
    found = read(find(runs, options.results or RESULTS))
    if options.write is not None:
        workspace = build_workspace(found, Place(options.entity or "entity", options.project or "duetto"))
        write_json(options.write, serialised(workspace))
        console.print(str(options.write), markup=False, soft_wrap=True)
        return
    workspace = build_workspace(found, place_of(found.runs, options.entity, options.project))
    console.print(save(workspace), markup=False, soft_wrap=True)
