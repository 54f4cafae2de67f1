"""Cells of a benchmark: each is an ordinary run of train.py, so what is finished is skipped and what stopped goes on.

`run_cells` writes what it knows after every cell; a cell that fails is a row with the reason, and the others go on.
"""

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from duetto.errors import DuettoError
from duetto.runs.complete import complete_run
from duetto.runs.compose import compose_runs
from duetto.storage.files import read_json
from duetto.storage.run_folder import RunFolder

CONF = Path(__file__).resolve().parents[1] / "conf"
CellRow = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """One run, by its settings."""

    name: str  # unique in the benchmark
    model: str
    group: str  # what it is compared with
    value: float | str  # where it stands in its group
    overrides: tuple[str, ...]  # of train.py, model among them


def run_cells(cells: Sequence[Cell], console: Console, keep: Callable[[list[CellRow]], None]) -> list[CellRow]:
    """Run every cell and describe it; `keep` is told all rows after each.

    Raises:
        ConfigError: If a cell's settings are wrong, before the first one runs.
    """
    settings = compose_runs(CONF, [cell.overrides for cell in cells])
    rows: list[CellRow] = []
    for number, (cell, config) in enumerate(zip(cells, settings, strict=True), start=1):
        console.rule(f"{number} of {len(cells)}: {cell.name}")
        before_s = time.process_time()
        try:
            folder = Path(complete_run(config, console)["run"])
            rows.append({**asdict(cell), **describe(folder), "cpu_s": time.process_time() - before_s, "error": None})
        except DuettoError as error:
            console.print(f"[red]failed:[/] {error}")
            rows.append({**asdict(cell), "error": str(error)})
        keep(rows)
    return rows


def describe(folder: Path) -> CellRow:
    """What a finished run says of itself: steps, minutes, curve, size, mean scores and those of each song."""
    run = RunFolder(folder)
    evaluation = run.newest_evaluation()
    assert evaluation is not None, folder
    record, metrics = read_json(run.record), read_json(evaluation.metrics)
    return {
        "run": str(folder),
        "evaluation": evaluation.path.name,
        "signature": record["signature"],
        "steps": record["steps"],
        "training_minutes": record["training_minutes"],
        "seconds_of_target": record["ledger"]["seconds_used"],
        "weights_mib": run.voice.weights.stat().st_size / 2**20,
        "device": record["device"],
        "curve": read_curve(run.curve),
        "mean": metrics["mean"],
        "undefined": {name: count for name, count in metrics["undefined"].items() if count},
        "songs": metrics["songs"],
    }


def read_curve(path: Path) -> list[dict[str, float]]:
    """The held-out validations of a run; none if it was too short for one."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def shown(value: float | None, digits: int = 1, scale: float = 1.0) -> str:
    """A number, or an n-dash where it is undefined (null in JSON)."""
    return "–" if value is None or value != value else f"{scale * value:.{digits}f}"
