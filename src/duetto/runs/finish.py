"""The end of a run: the test, the page, the tracker's media, and a table of the files."""

import math
import shlex
import time
from pathlib import Path

from rich.console import Console

from duetto.evaluation.table import metrics_table
from duetto.report.intermediates import keep_excerpts
from duetto.report.page import write_run_page
from duetto.runs.evaluate import evaluate_run, read_metrics
from duetto.runs.pace import PACE
from duetto.runs.plan import make_plan
from duetto.runs.registration import register_run
from duetto.runs.told_at_end import tell_end
from duetto.runs.train import Run, locked, update_run
from duetto.settings.run_config import TrainConfig
from duetto.storage.files import read_object
from duetto.storage.run_folder import EvaluationFolder, RunFolder
from duetto.terminal import print_places
from duetto.voices.find import GIVEN_NAME


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
    tell_end(run.tracker, RunFolder(run.folder), evaluation)
    run.tracker.close()
    enter_pace(run, config)
    console.print(metrics_table(metrics))
    print_places(console, places_of(run, evaluation, page))
    return evaluation


def enter_pace(run: Run, config: TrainConfig) -> None:
    """Record what the stages of a run took that was trained just now, for the plans of later runs."""
    timing = run.prepared.timing
    if not run.is_new or "training" not in timing.stages:
        return
    timing.add("closing", time.perf_counter() - run.started_s - timing.seconds, 1)
    planned = {stage.name: stage.units for stage in make_plan(config, 1.0) if not math.isnan(stage.units)}
    pace = {name: [seconds, planned.get(name, units)] for name, (seconds, units) in timing.stages.items()}
    update_run(run.folder, {PACE: {**pace, "training": list(timing.stages["training"])}})


def places_of(run: Run, evaluation: EvaluationFolder, page: Path) -> dict[str, str | Path]:
    """The run's files, and the command to convert another song."""
    folder = RunFolder(run.folder)
    curves = {f"curves ({path.stem})": path for path in (folder.curve, folder.losses) if path.is_file()}
    name = read_object(folder.record).get(GIVEN_NAME) or run.signature
    return {
        "page (scores, pictures, players)": page,
        "converted songs": evaluation.songs,
        "voice (weights, card, index)": run.voice_folder,
        "scores": evaluation.metrics,
        **curves,
        "tracked in": run.tracker.where,
        "sing another song": f"python infer.py {shlex.quote(f'run={name}')} source=SONG.wav",
    }
