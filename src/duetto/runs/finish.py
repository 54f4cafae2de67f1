"""How a run ends: the test, the page, the tracker's media, and a table that says where everything is."""

from pathlib import Path
from typing import Any

import wandb
from rich.console import Console
from rich.table import Table

from duetto.evaluation.reference import ReferenceStore
from duetto.evaluation.table import metrics_table
from duetto.renamed import current_record, find_file
from duetto.report.intermediates import keep_excerpts
from duetto.report.page import write_run_page
from duetto.runs.prepare import progress_bar
from duetto.runs.test import METRICS_NAME, REFERENCES_FOLDER, SONGS_FOLDER, evaluation_signature, run_test
from duetto.runs.train import Run, locked, update_run
from duetto.settings.run_config import TrainConfig
from duetto.storage.files import read_json, write_json
from duetto.voices.load import load_converter
from duetto.voices.voice import WEIGHTS_NAME

EVALUATION_FILE = "evaluation.json"


def close_run(run: Run, config: TrainConfig, console: Console) -> None:
    """Put the voice to the test (unless these very scores exist), write the page, and show the result."""
    with locked(run.folder):
        metrics = scores_of(run, config, console)
        update_run(run.folder, {"status": "finished"})
        keep_excerpts(run.folder, run.prepared.folder, run.prepared.manifest)
        page = write_run_page(run.folder)
    log_media(run, metrics)
    run.tracker.close()
    console.print(metrics_table(metrics))
    console.print(closing_table(run, page))


def scores_of(run: Run, config: TrainConfig, console: Console) -> dict[str, Any]:
    """The run's metrics, made now or read when nothing that moves them has changed."""
    signature = evaluation_signature(config.eval, run.voice_folder / WEIGHTS_NAME)
    mark = run.folder / EVALUATION_FILE
    if mark.is_file() and read_json(mark)["signature"] == signature:
        metrics: dict[str, Any] = current_record(read_json(run.folder / METRICS_NAME))
        return metrics
    converter, _ = load_converter(run.voice_folder, config.eval.retrieval.index_rate)
    with progress_bar(console) as report:
        references = ReferenceStore(Path(config.data.root) / REFERENCES_FOLDER)
        can_convert = config.model.can_convert
        metrics = run_test(converter, run.prepared, config.eval, run.folder, report, can_convert, references)
    write_json(mark, {"signature": signature})
    return metrics


def log_media(run: Run, metrics: dict[str, Any]) -> None:
    """Hand mean scores, spectrogram triples and audio to the tracker."""
    if run.tracker.run is None:
        return
    from duetto.report.figures import PICTURE_NAME, song_picture

    run.tracker.summarise({f"test/{name}": value for name, value in metrics["mean"].items()})
    media: dict[str, Any] = {}
    for place in sorted((run.folder / SONGS_FOLDER).iterdir()):
        for name in ("source", "output", "reference"):
            media[f"audio/{place.name}/{name}"] = wandb.Audio(str(find_file(place, f"{name}.wav")))
        song_picture({name: find_file(place, f"{name}.wav") for name in ("source", "output", "reference")})
        media[f"spectrograms/{place.name}"] = wandb.Image(str(place / PICTURE_NAME))
    run.tracker.run.log(media)


def closing_table(run: Run, page: Path) -> Table:
    """Where everything is."""
    table = Table("what", title="Where everything is", title_justify="left")
    table.add_column("where", overflow="fold")  # a path that is cut cannot be copied
    table.add_row("page (scores, pictures, players)", str(page))
    table.add_row("converted songs", str(run.folder / SONGS_FOLDER))
    table.add_row("voice (weights, card, index)", str(run.voice_folder))
    table.add_row("scores and curves", f"{run.folder / METRICS_NAME}, curve.csv, losses.csv")
    table.add_row("W&B", run.tracker.where)
    table.add_row("sing another song", f"python infer.py run={run.signature} source=SONG.wav")
    return table
