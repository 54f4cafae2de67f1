"""Collects the finished runs of a study as a tidy table of scores.

`python sweep.py study=NAME` writes logs/sweeps/NAME/state.json: for each arm its settings and its run's folder. A run
counts for an arm only if its settings are those of the study's current file; missing runs are named. Scores come from
the evaluation of the sweep and, if it exists, from stress_tests.json.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duetto.errors import StorageError
from duetto.evaluation.statistics.contrast import NATIVE, Score
from duetto.renamed import current_record, find_file
from duetto.settings.without_effect import is_without_effect
from duetto.storage.files import read_json
from duetto.storage.run_folder import EvaluationFolder, RunFolder
from duetto.studies.expand import Arm, expand
from duetto.studies.number import as_number
from duetto.studies.schema import Study

SHIFTED = re.compile(r"(?P<song>.+)_(?P<condition>(?:up|down)\d+)")


@dataclass(frozen=True)
class FinishedRun:
    """The finished run of an arm."""

    arm: Arm
    folder: Path
    facts: dict[str, Any]  # run.json
    evaluation: EvaluationFolder  # of the arm's evaluation settings


@dataclass(frozen=True)
class Collection:
    """The existing runs and scores of a study."""

    runs: tuple[FinishedRun, ...]
    missing: tuple[tuple[str, str], ...]  # (name of the arm, reason)
    scores: tuple[Score, ...]


def collect_study(study: Study, logs: Path, sweep: Path | None = None) -> Collection:
    """Read the runs of a study.

    Args:
        study: The study.
        logs: Folder of the runs.
        sweep: Folder of the study's sweep; None = logs/sweeps/NAME.

    Raises:
        StorageError: If the study was never run, none of its runs can be used, or a file is damaged.
    """
    place = sweep or logs / "sweeps" / study.name
    if not (place / "state.json").is_file():
        raise StorageError(
            f"There are no runs of study {study.name} below {place}. Start them: python sweep.py study={study.name}"
        )
    rows = {str(row["name"]): row for row in read_json(place / "state.json")["runs"]}
    runs, missing = [], []
    for arm in expand(study):
        found = _find(arm, rows.get(arm.name), logs)
        if isinstance(found, str):
            missing.append((arm.name, found))
        else:
            runs.append(found)
    if not runs:
        raise StorageError(
            f"None of the {len(missing)} runs of study {study.name} can be used: {missing[0][0]} {missing[0][1]}. "
            f"Start them: python sweep.py study={study.name}"
        )
    scores = tuple(score for run in runs for score in read_scores(run, study.songs))
    return Collection(tuple(runs), tuple(missing), scores)


def read_scores(run: FinishedRun, songs: tuple[str, ...]) -> Iterator[Score]:
    """The scores of a run on a study's songs; undefined scores are NaN."""
    arm = run.arm
    for row in current_record(read_json(run.evaluation.metrics))["songs"]:
        song, condition = split_name(str(row["song"]))
        if song in songs:
            yield from _rows(arm, song, condition, row)
    stressed = find_file(run.folder, RunFolder(run.folder).stress_tests.name)
    if stressed.is_file():
        for test in current_record(read_json(stressed))["stress_tests"].values():
            for case in test["cases"]:
                if case["song"] in songs and case["has_reference"]:
                    yield from _rows(arm, str(case["song"]), str(case["condition"]), case)


def split_name(song: str) -> tuple[str, str]:
    """Split a test song's name into song and condition: `air_13_up6` is air_13 at up6."""
    found = SHIFTED.fullmatch(song)
    return (found["song"], found["condition"]) if found else (song, NATIVE)


def _rows(arm: Arm, song: str, condition: str, row: dict[str, Any]) -> Iterator[Score]:
    for metric, value in sorted(row["metrics"].items()):
        yield Score(arm.arm, arm.model, arm.seed, song, condition, metric, as_number(value))


def _is_as_planned(overrides: tuple[str, ...], arm: Arm) -> bool:
    """Whether a run has the arm's settings, except for settings that do not affect the result."""
    added = overrides[len(arm.overrides) :]
    is_harmless = all(map(is_without_effect, added))
    return overrides[: len(arm.overrides)] == arm.overrides and is_harmless


def _find(arm: Arm, row: dict[str, Any] | None, logs: Path) -> FinishedRun | str:
    """The run of an arm, or the reason why there is none."""
    if row is None:
        return "not part of the sweep that was run"
    if not _is_as_planned(tuple(row["overrides"]), arm):
        return "was run with other settings than the study has now"
    if row["state"] != "finished" or not row["run"]:
        return f"its run is {row['state']}"
    folder = logs / Path(str(row["run"])).name
    place = RunFolder(folder)
    asked = place.evaluation(Path(str(row.get("evaluation"))).name) if row.get("evaluation") else None
    evaluation = asked if asked is not None and asked.is_complete else place.newest_evaluation()
    if evaluation is None:
        return f"{folder} holds no scores"
    return FinishedRun(arm, folder, current_record(read_json(place.record)), evaluation)
