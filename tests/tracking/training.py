"""A training that logs as ours do, in a process of its own that may be killed.

Losses every step and a validation every tenth go to the CSV files and to W&B through our own classes.
"""

import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
from rich.console import Console

from duetto.runs.tracked import track
from duetto.settings.logger_config import LoggerConfig
from duetto.storage.audio import write_audio
from duetto.storage.run_folder import RunFolder
from duetto.training.callbacks import append_row, keep_rows_up_to
from tests.ownership.records import NOBODY

PADDING = 60  # losses a row, so that W&B, which writes whole blocks, has written most rows when the kill comes
RECORD = {
    **{"model": "rvc", "size": "compact", "case": "case_b", "preprocess": "full", "seed": 0, "data_hash": "c" * 64},
    **{"consent": NOBODY, "made_from": [{"role": "base", "name": "/home/ann/rvc_compact", "sha256": "b" * 64}]},
    "config": {"logs": "/home/ann/logs", "data": {"root": "data", "case": "case_b"}},
}


def train(folder: Path, first: int, last: int, mode: str, environment: dict[str, str], kill: bool = False) -> str:
    """Train from one step to another in a process of its own; what it said."""
    context = multiprocessing.get_context("forkserver")  # imports once; a fork would share the tests' own W&B service
    process = context.Process(target=_train, args=(folder, first, last, mode, environment, kill))
    process.start()
    process.join(240)
    assert process.exitcode == (-signal.SIGKILL if kill else 0)
    return (folder / "said.txt").read_text(encoding="utf-8")


def _train(folder: Path, first: int, last: int, mode: str, environment: dict[str, str], kill: bool) -> None:
    os.environ.clear()
    os.environ.update(environment)
    folder.mkdir(parents=True, exist_ok=True)
    run, sound = RunFolder(folder), folder / "sound.wav"
    write_audio(sound, np.zeros(160, dtype=np.float32), 16_000)
    with (folder / "said.txt").open("w", encoding="utf-8") as said:
        record = {**RECORD, "signature": run.name.rsplit("-", 1)[-1]}
        tracker = track(LoggerConfig(mode=mode), run, record, Console(file=said, width=500))
    for path in (run.losses, run.curve):
        keep_rows_up_to(path, first - 1)
    for step in range(first, last + 1):
        losses = {f"loss_{number}": step + number / 1000 for number in range(PADDING)}
        append_row(run.losses, {"step": step, "minutes": step / 60, **losses})
        tracker.log(step, losses)
        if step % 10 == 0:
            scores = {"mcd_output": 10.0 - step / 100}
            append_row(run.curve, {"step": step, "minutes": step / 60, **scores})
            tracker.log(step, scores)
            tracker.log(step, {"heldout/output": sound})
    if kill:
        os.kill(os.getpid(), signal.SIGKILL)
    tracker.close()
