"""Tiny runs that several processes train, as `complete_run` has them train.

`python -m tests.training.together FOLDER WORLD STEPS` is the command that torchrun and srun start several times.
"""

import csv
import os
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from duetto.errors import report_errors
from duetto.runs.fit import FitResult, fit
from duetto.runs.follow import follow
from duetto.runs.prepare import PreparedData
from duetto.runs.team import Team
from duetto.settings.run_config import TrainConfig
from duetto.training.hardware import Hardware
from duetto.training.place import Place, find_place
from duetto.training.tracking import Tracker
from tests.training.tiny import tiny_config, tiny_data

BATCH = 4


def config_for(world: int, steps: int) -> TrainConfig:
    config = tiny_config(steps, every=4)
    config.preprocess.name, config.preprocess.steps = "none", {}
    config.trainer.batch_size, config.trainer.devices, config.trainer.num_threads = BATCH, world, 1
    return config


def fit_together(
    config: TrainConfig,
    folder: Path,
    prepared: PreparedData | None = None,
    place: Place | None = None,
    meanwhile: Callable[[Team], None] = lambda team: None,
) -> FitResult:
    world = config.trainer.devices
    prepared = prepared or tiny_data(folder.parent / "features")
    hardware = Hardware("cpu", "CPU", "32-true", 1, "", world)
    with Team(place or Place(0, world, 0, world)) as team:
        meanwhile(team)
        return fit(config, prepared, hardware, folder, Tracker([], "off"), Console(quiet=True), None, team)


def losses(folder: Path) -> list[dict[str, float]]:
    with (folder / "losses.csv").open(newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def main(folder: Path, world: int, steps: int) -> None:
    config = config_for(world, steps)
    place = find_place(config.trainer, os.environ)
    if not place.is_first:
        follow(place)
        return
    fit_together(config, folder, place=place)


if __name__ == "__main__":
    with report_errors():
        main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
