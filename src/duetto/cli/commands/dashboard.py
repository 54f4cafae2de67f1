"""`python -m duetto dashboard`: builds a W&B workspace, and a report, that compare several runs or show a study."""

import argparse
import re
from pathlib import Path
from typing import Any

from rich.console import Console

from duetto.errors import ConfigError

SWEEPS = "sweeps"  # below the folder of runs
OF_STUDY = re.compile(r"(-[0-9a-f]{6})?")  # ends the names of its sweeps: a digest of settings that were added


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("dashboard", help="build a W&B workspace that compares several runs")
    parser.add_argument("runs", type=Path, nargs="*", metavar="run", help="runs, or folders such as a sweep's")
    parser.add_argument("--study", help="the runs of a study that sweep.py study=NAME made")
    parser.add_argument("--report", action="store_true", help="also make a W&B report, a page to read")
    parser.add_argument("--logs", type=Path, default=Path("logs"), help="folder of the runs (default: logs)")
    parser.add_argument("--entity", help="user or team; default: that of the runs, else the account's default")
    parser.add_argument("--project", help="default: that of the runs")
    parser.add_argument("--results", type=Path, help="folder of the studies' verdicts; default: docs/results")
    parser.add_argument("--write", type=Path, help="write the workspace to this JSON file instead of sending it")
    parser.set_defaults(action=make_dashboard)


def make_dashboard(options: argparse.Namespace, console: Console) -> None:
    """Build the workspace, and send it or write it to a file."""
    from duetto.report.comparison.find import RESULTS, find, read
    from duetto.report.dashboard import Place, build_report, build_workspace, place_of, save, serialised
    from duetto.storage.files import write_json
    from duetto.voices.find import folder_of

    if not options.runs and options.study is None:
        raise ConfigError("Which runs? Name folders, such as logs/, or study=NAME.")
    runs = [folder_of(each, options.logs) for each in options.runs] + of_study(options.study, options.logs)
    found = read(find(runs, options.results or RESULTS))
    title = None if options.study is None else f"study {options.study}"
    if options.write is not None:
        workspace = build_workspace(found, Place(options.entity or "entity", options.project or "duetto"), title)
        write_json(options.write, serialised(workspace))
        console.print(str(options.write), markup=False, soft_wrap=True)
        return
    place = place_of(found.runs, options.entity, options.project)
    console.print(save(build_workspace(found, place, title)), markup=False, soft_wrap=True)
    if options.report:
        console.print(save(build_report(found, place, title)), markup=False, soft_wrap=True)


def of_study(name: str | None, logs: Path) -> list[Path]:
    """The sweeps of a study: as it is, and with settings that were added.

    Raises:
        ConfigError: If there is none.
    """
    if name is None:
        return []
    found = [path for path in sorted((logs / SWEEPS).glob(f"{name}*")) if OF_STUDY.fullmatch(path.name[len(name) :])]
    if not found:
        raise ConfigError(f"No runs of the study {name} in {logs / SWEEPS}. Run it: python sweep.py study={name}.")
    return found
