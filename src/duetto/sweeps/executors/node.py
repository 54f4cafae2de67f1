"""What runs inside a Ray task, on a node that may or may not see the folders of the sweep.

The rule: the sweep writes a random word into its folder. A node that reads the same word there shares the folder and
works in place. A node that does not works in a folder of its own: it makes the corpora itself, takes over what there is
of the run, and sends the run back when it ends. Recordings of people are never sent.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duetto
from duetto.settings.conf_files import conf_folder
from duetto.storage.files import make_folder
from duetto.sweeps.executors.carried import pack, unpack
from duetto.sweeps.executors.job import OUT_OF_TIME, TAKEN_AWAY, TERM_S, TOLD_TO_END
from duetto.sweeps.executors.parent import close_pipe, end
from duetto.sweeps.executors.protocol import Task, last_lines, thread_variables

OWN_DATA = "data.path="  # setting that names recordings
NOT_SENT = (
    "The node does not see the folder of the sweep, and recordings are not sent to other machines. Keep logs, data and "
    "recordings on a file system that all nodes share."
)
OTHER_CODE = "The node's duetto made another run of these settings. Install the same version on all nodes."


@dataclass(frozen=True)
class Cell:
    """A task with what a node needs to know."""

    task: Task
    folder: str  # working folder of the sweep
    word_file: str  # absolute
    word: str
    threads: int
    minutes: int  # that it may take; 0 = no limit
    folders: str  # auto | shared | fetched


@dataclass(frozen=True)
class CellEnd:
    """How a task ended on a node."""

    status: int
    seconds: float
    last_lines: tuple[str, ...]
    interruption: str = ""
    output: str | None = None  # of a node with folders of its own
    run: bytes | None = None  # packed, of such a node


def work_on(cell: Cell, earlier: Callable[[], bytes | None]) -> CellEnd:
    """Run a task's worker on this node.

    Args:
        cell: The task.
        earlier: Gives the packed run, if there is something of it; called only where the folder is not shared.
    """
    if is_shared(cell):
        argv = (_python(cell.task), *cell.task.command[1:])
        return _run(cell, argv, Path(cell.folder), Path(cell.folder) / cell.task.log)
    if any(each.startswith(OWN_DATA) for each in cell.task.settings):
        return CellEnd(2, 0.0, (NOT_SENT,))
    return _run_here(cell, earlier())


def fetch(held: list[Any] | None) -> bytes | None:
    """The packed run, asked of Ray only now; it lies in a list, so that it does not come with the task."""
    if held is None:
        return None
    import ray

    packed: bytes = ray.get(held[0])
    return packed


def is_shared(cell: Cell) -> bool:
    """Whether this node sees the sweep's folder."""
    if cell.folders != "auto":
        return cell.folders == "shared"
    try:
        return Path(cell.word_file).read_text(encoding="utf-8") == cell.word
    except OSError:
        return False


def _run_here(cell: Cell, earlier: bytes | None) -> CellEnd:
    place = make_folder(Path(tempfile.gettempdir()) / f"duetto-{cell.word}")  # corpora serve all runs of the sweep
    logs, data = make_folder(place / "logs"), place / "data"
    run = logs / Path(cell.task.name).name
    if earlier is not None:
        unpack(earlier, run)
    command = (sys.executable, *cell.task.command[1:4], str(_conf(cell.task)), *cell.task.settings)
    log = make_folder(place / "output") / f"{run.name}.txt"
    ended = _run(cell, (*command, f"logs={logs}", f"data.root={data}"), place, log)
    output = log.read_text(encoding="utf-8", errors="replace")
    if not run.is_dir():
        lines = ended.last_lines or (OTHER_CODE,)
        return CellEnd(ended.status or 1, ended.seconds, lines, ended.interruption, output)
    packed = pack(run, data)
    shutil.rmtree(run, ignore_errors=True)
    return CellEnd(ended.status, ended.seconds, ended.last_lines, ended.interruption, output, packed)


def _run(cell: Cell, argv: tuple[str, ...], folder: Path, log: Path) -> CellEnd:
    began = time.monotonic()
    make_folder(log.parent)
    with log.open("wb") as file:
        process = subprocess.Popen(
            argv,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **thread_variables(cell.threads), "PYTHONPATH": _import_path()},
            start_new_session=True,
        )
    try:
        status = process.wait(cell.minutes * 60 or None)
    except subprocess.TimeoutExpired:
        end(process, TERM_S)
        reason = OUT_OF_TIME.format(minutes=cell.minutes)
        return CellEnd(1, time.monotonic() - began, (), reason)
    finally:
        close_pipe(process)
    interruption = TAKEN_AWAY if status in TOLD_TO_END else ""
    return CellEnd(status, time.monotonic() - began, last_lines(log, status) if status else (), interruption)


def _python(task: Task) -> str:
    """The sweep's interpreter if the node has it, so that all runs use one; else that of the node's Ray."""
    return task.command[0] if Path(task.command[0]).is_file() else sys.executable


def _conf(task: Task) -> Path:
    given = Path(task.command[4])
    return given if (given / "train.yaml").is_file() else conf_folder()


def _import_path() -> str:
    """PYTHONPATH by which the worker finds the duetto that this node's Ray has found."""
    found = str(Path(duetto.__file__).resolve().parents[1])
    return os.pathsep.join(filter(None, (found, os.environ.get("PYTHONPATH"))))
