"""A complete run: training, test and page."""

import os
from typing import Any

from rich.console import Console

from duetto.report.figures import spectrogram_triple
from duetto.runs.finish import close_run
from duetto.runs.follow import follow
from duetto.runs.team import Team
from duetto.runs.train import train
from duetto.settings.run_config import TrainConfig
from duetto.training.place import find_place


def complete_run(settings: TrainConfig, console: Console) -> dict[str, Any]:
    """Train, convert, score and write the page of one run; a finished run only shows its results.

    Of several processes that torchrun or srun started, the first does all of it; the others train with it.

    Returns:
        `run`, the path of its folder, `signature`, and `evaluation`, the folder of the scores of these settings.

    Raises:
        DuettoError: If data, settings, hardware or storage do not allow it; says what to do.
    """
    place = find_place(settings.trainer, os.environ)
    if not place.is_first:
        return follow(place)
    with Team(place) as team:
        run = train(settings, console, spectrogram_triple, team)
        team.dismiss()
        evaluation = close_run(run, settings, console)
        result = {"run": str(run.folder), "signature": run.signature, "evaluation": str(evaluation.path)}
        team.end(result)
    return result
