"""Folders as a sweep over a study leaves them, with scores that are made up."""

import json
from collections.abc import Callable
from pathlib import Path

from duetto.storage.files import write_json
from duetto.studies.expand import Arm, expand
from duetto.studies.schema import Study

Score = Callable[[Arm, str, str], float | None]  # arm, song, condition -> value


def write_runs(
    study: Study, logs: Path, score: Score, metric: str = "mcd_output", conditions: tuple[str, ...] = ("native", "up6")
) -> None:
    """A finished run for each arm, and the state.json of their sweep."""
    rows = []
    for number, arm in enumerate(expand(study)):
        name = f"run-{number:010d}"
        songs = [
            {
                "song": song if condition == "native" else f"{song}_{condition}",
                "source_name": "mei",
                "has_reference": True,
                "metrics": {metric: score(arm, song, condition)},
            }
            for song in study.songs
            for condition in conditions
        ]
        write_json(logs / name / "metrics.json", {"songs": songs})
        facts = {"signature": f"{number:010d}", "hours": 0.5, "device": "CPU", "code": {"sources": "abc"}}
        write_json(logs / name / "run.json", facts)
        rows.append({"name": arm.name, "overrides": list(arm.overrides), "run": name, "state": "finished"})
    write_json(logs / "sweeps" / study.name / "state.json", {"runs": rows})


def change_row(logs: Path, study: Study, place: int, **changes: object) -> None:
    """Change one run in state.json."""
    path = logs / "sweeps" / study.name / "state.json"
    state = json.loads(path.read_text())
    state["runs"][place].update(changes)
    write_json(path, state)
