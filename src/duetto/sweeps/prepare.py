"""Corpora, preprocessing and features of a sweep: made once, before the runs are distributed.

They are made here on all cores, one after another, or all at once by jobs of their own (`executor.prepares`); what jobs
have made is only read here.

It also identifies each run: the signature covers the corpus, so a run's folder is known from here on.
"""

import sys
import traceback
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console

from duetto.errors import DuettoError
from duetto.runs.identity import signature_of
from duetto.runs.prepare import PreparedData, prepare_data
from duetto.runs.train import identify, place_of
from duetto.storage.files import make_folder, sha256_json
from duetto.sweeps.executors.parent import ONLY_DATA, PARENT_PIPE, WORKER
from duetto.sweeps.executors.protocol import Executor, Task
from duetto.sweeps.planned import PlannedRun, prepared_data_key

LOG_WIDTH = 160
ERROR_LINES = 6


def make_in_jobs(
    runs: Sequence[PlannedRun], executor: Executor | None, folder: Path, conf: Path, console: Console
) -> None:
    """Have jobs make what new runs learn from; what a job fails to make is left to `prepare_all`, which says why.

    Args:
        runs: Of the sweep; corpora of those with a folder are there.
        executor: For these jobs; None = there are to be none.
        folder: Of their output.
        conf: Of the configuration.
        console: For the user.
    """
    new: dict[str, PlannedRun] = {}
    for run in runs:
        if run.folder is None:
            new.setdefault(prepared_data_key(run.config), run)
    tasks = [_task(key, run, folder, conf) for key, run in new.items()]
    if not tasks or executor is None:
        return
    console.print(f"Corpora and features first: {len(tasks)} job{'s' * (len(tasks) > 1)}.")
    with closing(executor.run(tasks, lambda task: None, lambda: None)) as ends:
        for number, end in enumerate(ends, start=1):
            how = end.interruption or ("" if end.status == 0 else "failed; it is tried here again")
            console.print(f"Job {number} of {len(tasks)} has ended{': ' if how else ''}{how}", markup=False)


def _task(key: str, run: PlannedRun, folder: Path, conf: Path) -> Task:
    settings, name = tuple(run.arm.overrides), sha256_json(key)[:12]
    command = (sys.executable, "-m", WORKER, PARENT_PIPE, ONLY_DATA, str(conf.resolve()), *settings)
    return Task(name, command, folder / f"{name}.txt", settings, Path(run.config.data.root))


def prepare_all(runs: Sequence[PlannedRun], log: Path, console: Console) -> None:
    """Make or find the runs' training data and set their folders; the failure of a case fails only its runs."""
    by_prepared_data: dict[str, list[PlannedRun]] = {}
    for run in runs:
        by_prepared_data.setdefault(prepared_data_key(run.config), []).append(run)
    make_folder(log.parent)
    with log.open("w", encoding="utf-8") as file:
        said = Console(file=file, width=LOG_WIDTH)
        for number, group in enumerate(by_prepared_data.values(), start=1):
            config = group[0].config
            what = f"{config.data.case}, preprocess={config.preprocess.name}, {config.features.content.encoder}"
            with console.status(f"Preparing {number} of {len(by_prepared_data)}: {what}"):
                _prepare(group, said)
            failed = group[0].state == "failed"
            console.print(f"Prepared {number} of {len(by_prepared_data)}: {what}{': failed' if failed else ''}")


def _prepare(group: Sequence[PlannedRun], said: Console) -> None:
    try:
        prepared = prepare_data(group[0].config, said)
        for run in group:
            _identify(run, prepared, said)
    except DuettoError as error:
        _fail(group, [str(error)])
    except Exception:  # noqa: BLE001 - a bug in one case must not end the other runs; its traceback is kept
        text = traceback.format_exc()
        said.print(text, markup=False)
        _fail(group, text.rstrip().splitlines()[-ERROR_LINES:])


def _identify(run: PlannedRun, prepared: PreparedData, said: Console) -> None:
    try:
        made_of = identify(run.config, prepared)
        place = place_of(run.config, made_of, said)
        run.signature, run.folder = signature_of(made_of), place.path
    except DuettoError as error:  # an error of one run: missing weights, or stale=stop
        _fail([run], [str(error)])


def _fail(group: Sequence[PlannedRun], error: list[str]) -> None:
    for run in group:
        run.state, run.note, run.error = "failed", "during preparation", error
