"""Finds the runs and verdicts in and below the given folders.

A run is a folder with a run.json. A sweep's folder, logs/sweeps/NAME, has a state.json that names its runs in logs/.
Nothing is left out silently: failed and unreadable runs become a sentence on the page.
"""

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duetto.errors import ConfigError, DuettoError, StorageError
from duetto.report.collect import RunRecord, collect_run
from duetto.report.privacy import as_shown
from duetto.storage.files import read_object
from duetto.storage.run_folder import RUN_FILE, EvaluationFolder, RunFolder

logger = logging.getLogger(__name__)

COMPARISON_NAME = "comparison.html"  # of the page, unless another is asked for
VERDICT_NAME = "verdict.json"
SWEEP_STATE = "state.json"
DEPTH = 4  # levels below a given folder: sweep, date, job, run
RESULTS = Path("docs/results")


@dataclass(frozen=True)
class Found:
    """The content of the page."""

    runs: tuple[RunRecord, ...]
    verdict_files: tuple[Path, ...]
    problems: tuple[str, ...]  # a sentence for each unreadable run
    other_verdicts: tuple[Path, ...] = ()  # of studies on other runs


@dataclass(frozen=True)
class Named:
    """Runs and verdicts in the given folders, not read yet."""

    runs: dict[Path, str]  # folder -> name in a sweep, or empty
    evaluations: dict[Path, EvaluationFolder]  # folder -> evaluation, if a sweep names one
    verdict_files: tuple[Path, ...]
    problems: tuple[str, ...]  # a sentence for each run of a sweep that did not finish
    other_verdicts: tuple[Path, ...] = ()  # of studies on other runs


def find(paths: Sequence[Path], results: Path = RESULTS) -> Named:
    """List the runs in and below the folders, the verdicts there, and those in the results folder on one of the runs.

    Args:
        paths: Runs, folders of runs, or studies, in the order of the page.
        results: Folder of the studies' verdicts; may be missing.

    Raises:
        StorageError: If a folder is missing.
        ConfigError: If there is neither a run nor a verdict.
    """
    for path in paths:
        if not path.is_dir():
            raise StorageError(f"There is no folder {path}. Give runs such as logs/NAME, or a folder of runs.")
    names: dict[Path, str] = {}
    for folder, name in ((folder.resolve(), name) for path in paths for folder, name in named_runs(path)):
        names[folder] = names.get(folder) or name
    verdicts = unique(file for path in paths for file in verdict_files(path))
    others = [file for file in unique(verdict_files(results)) if file not in verdicts]
    about = [file for file in others if is_about(file, names)]
    verdicts += about
    if not names and not verdicts:
        named = ", ".join(str(path) for path in paths)
        raise ConfigError(f"There is no run in {named}: expected folders with a run.json, as train.py writes them.")
    evaluations = {folder.resolve(): place for path in paths for folder, place in named_evaluations(path).items()}
    problems = tuple(sentence for path in paths for sentence in sweep_failures(path))
    return Named(names, evaluations, tuple(verdicts), problems, tuple(file for file in others if file not in about))


def read(named: Named) -> Found:
    """Read every run; an unreadable one becomes a sentence."""
    runs, problems = [], list(named.problems)
    for folder, name in named.runs.items():
        try:
            runs.append(as_shown(collect_run(folder, name, named.evaluations.get(folder))))
        except DuettoError as error:
            problems.append(f"{folder.name} is left out: {error}")
    return Found(tuple(runs), named.verdict_files, tuple(problems), named.other_verdicts)


def is_about(verdict_file: Path, runs: Iterable[Path]) -> bool:
    """Whether a study had one of the runs; of a verdict that cannot be read this is unknown, and it is told."""
    try:
        rows = read_object(verdict_file).get("runs")
    except StorageError:
        return True
    of_study = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    studied = {str(row.get(key)) for row in of_study for key in ("run", "signature")}
    return any({folder.name, folder.name.rpartition("-")[2]} & studied for folder in runs)


def verdict_files(path: Path) -> list[Path]:
    """Verdicts in and below a folder, sorted; run folders are not searched."""
    found = []
    for folder, inner, files in os.walk(path):
        if RUN_FILE in files:
            inner.clear()
        if VERDICT_NAME in files:
            found.append(Path(folder) / VERDICT_NAME)
    return sorted(found)


def run_folders(path: Path) -> list[Path]:
    """The folder itself if it is a run, else the runs below it, sorted; hidden and linked folders are not searched."""
    return unique(folder for folder, _ in named_runs(path))


def named_runs(path: Path, depth: int = DEPTH) -> list[tuple[Path, str]]:
    """The same with the names in the sweep through which they were found; the name is empty without a sweep."""
    if RunFolder(path).is_run:
        return [(path, "")]
    if (path / SWEEP_STATE).is_file():
        rows = [row for row in sweep_rows(path) if row.get("run")]
        named = [(path.parent.parent / Path(str(row["run"])).name, str(row.get("name") or "")) for row in rows]
        return [(folder, name) for folder, name in named if folder.is_dir()]
    if depth == 0:
        return []
    inner = sorted(place for place in path.iterdir() if place.is_dir() and not place.is_symlink())
    return [run for place in inner if not place.name.startswith(".") for run in named_runs(place, depth - 1)]


def named_evaluations(path: Path) -> dict[Path, EvaluationFolder]:
    """The evaluation that a sweep names for each run, if it exists."""
    rows = [row for row in sweep_rows(path) if row.get("run") and row.get("evaluation")]
    named = [(path.parent.parent / Path(str(row["run"])).name, Path(str(row["evaluation"])).name) for row in rows]
    places = {folder: RunFolder(folder).evaluation(signature) for folder, signature in named}
    return {folder: place for folder, place in places.items() if place.is_complete}


def sweep_rows(path: Path) -> list[dict[str, Any]]:
    """The runs that a sweep recorded; empty if the folder is not a sweep's."""
    if not (path / SWEEP_STATE).is_file():
        return []
    try:
        rows = read_object(path / SWEEP_STATE).get("runs")
    except StorageError as error:
        logger.warning("The sweep %s is left out: %s", path.name, error)
        return []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def sweep_failures(path: Path) -> list[str]:
    """A sentence for each run of a sweep that did not finish."""
    return [
        f"{row.get('name') or row.get('run')} of the sweep {path.name} is {row.get('state')}"
        f"{': ' + str(row['error']) if row.get('error') else ''}."
        for row in sweep_rows(path)
        if row.get("state") != "finished"
    ]


def unique(paths: Iterable[Path]) -> list[Path]:
    """Each path once, in order, comparing resolved paths."""
    return list({path.resolve(): path for path in paths}.values())
