"""A complete run: training, test and page."""

from typing import Any

from rich.console import Console

from duetto.report.figures import spectrogram_triple
from duetto.runs.finish import close_run
from duetto.runs.train import train
from duetto.settings.run_config import TrainConfig


def complete_run(settings: TrainConfig, console: Console) -> dict[str, Any]:
    """Train, convert, score and write the page of one run; a finished run only shows its results.

    Returns:
        `run`, the path of its folder, `signature`, and `evaluation`, the folder of the scores of these settings.

    Raises:
        DuettoError: If data, settings, hardware or storage do not allow it; says what to do.
    """
    run = train(settings, console, spectrogram_triple)
    evaluation = close_run(run, settings, console)
    return {"run": str(run.folder), "signature": run.signature, "evaluation": str(evaluation.path)}
