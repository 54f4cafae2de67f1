"""The end of a run: the test, the page, the tracker's media, and a table of the files."""

from pathlib import Path
from typing import Any

import wandb
from rich.console import Console
from rich.table import Table

from duetto.evaluation.table import metrics_table
from duetto.renamed import find_file
from duetto.report.intermediates import keep_excerpts
from duetto.report.page import write_run_page
from duetto.runs.evaluate import evaluate_run, read_metrics
from duetto.runs.registration import register_run
from duetto.runs.train import Run, locked, update_run
from duetto.settings.run_config import TrainConfig
from duetto.storage.run_folder import EvaluationFolder, RunFolder


def close_run(run: Run, config: TrainConfig, console: Console) -> EvaluationFolder:
    """Test the voice (unless the same scores exist), write the page, show the result.

    Returns:
        The folder of the scores.
    """
    with locked(run.folder):
        evaluation = evaluate_run(RunFolder(run.folder), run.prepared, config, console)
        update_run(run.folder, {"status": "finished", "evaluation": evaluation.path.name})
        keep_excerpts(run.folder, run.prepared.folder, run.prepared.manifest)
        page = write_run_page(run.folder, evaluation)
        register_run(RunFolder(run.folder))
    metrics = read_metrics(evaluation)
    log_media(run, evaluation, metrics)
    run.tracker.close()
    console.print(metrics_table(metrics))
    console.print(closing_table(run, evaluation, page))
    return evaluation


def log_media(run: Run, evaluation: EvaluationFolder, metrics: dict[str, Any]) -> None:
    """Send mean scores, spectrogram triples and audio to the tracker."""
    if run.tracker.run is None:
        return
    from duetto.report.figures import PICTURE_NAME, song_picture

    run.tracker.summarise({f"test/{name}": value for name, value in metrics["mean"].items()})
    media: dict[str, Any] = {}
    for place in sorted(evaluation.songs.iterdir()):
        for name in ("source", "output", "reference"):
            media[f"audio/{place.name}/{name}"] = wandb.Audio(str(find_file(place, f"{name}.wav")))
        song_picture({name: find_file(place, f"{name}.wav") for name in ("source", "output", "reference")})
        media[f"spectrograms/{place.name}"] = wandb.Image(str(place / PICTURE_NAME))
    run.tracker.run.log(media)


def closing_table(run: Run, evaluation: EvaluationFolder, page: Path) -> Table:
    """A table of the run's files and the command to convert another song."""
    table = Table("what", title="Files of the run", title_justify="left")
    table.add_column("where", overflow="fold")  # a truncated path cannot be copied
    table.add_row("page (scores, pictures, players)", str(page))
    table.add_row("converted songs", str(evaluation.songs))
    table.add_row("voice (weights, card, index)", str(run.voice_folder))
    curves = [path.name for path in (RunFolder(run.folder).curve, RunFolder(run.folder).losses) if path.is_file()]
    beside = f"; {' and '.join(curves)} in the run's folder" if curves else ""
    table.add_row("scores and curves" if curves else "scores", f"{evaluation.metrics}{beside}")
    table.add_row("W&B", run.tracker.where)
    table.add_row("sing another song", f"python infer.py run={run.signature} source=SONG.wav")
    return table
