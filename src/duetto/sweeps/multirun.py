"""Hydra's own multirun, `python train.py -m ...`: its runs are recorded like those of a sweep.

A Hydra callback (conf/train.yaml). Launchers (joblib, submitit, ray) call it for each run in another process. So every
run writes a row of its own, and the command reads the rows and the runs' folders at its end. A user's error in one run
does not end the others; a bug keeps its traceback.
"""

import atexit
import math
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from duetto.errors import DuettoError, StorageError
from duetto.storage.files import make_folder, read_object, sha256_json, write_json
from duetto.storage.run_folder import RunFolder

SWEEPS = "sweeps"
STATE_FILE = "state.json"
ROWS = "rows"  # folder of the rows, one file a run
ONE_BY_ONE = "BasicSweeper"  # Hydra's sweeper that does every combination
ENDED = "Its process was ended from outside (killed, no memory, or cancelled). The same command resumes it."
NOT_BEGUN = "It was not begun. The same command does it."


class RecordMultirun(Callback):
    """Writes logs/sweeps/multirun-<digest>/state.json as runs begin and end; does nothing for a single run."""

    def __init__(self) -> None:
        self.folder: Path | None = None  # None = not a multirun
        self.num_runs = 0  # 0 = not known before the sweeper ends

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Name the folder after the requested settings; what an earlier command recorded there is forgotten."""
        asked = sorted(config.hydra.overrides.task)
        self.folder = (Path(config.logs) / SWEEPS / f"multirun-{sha256_json(asked)[:6]}").absolute()
        self.num_runs = _num_runs(config)
        shutil.rmtree(self.folder / ROWS, ignore_errors=True)
        make_folder(self.folder / ROWS)
        atexit.register(self._tell)  # a launcher whose process dies raises, and the end is never called

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Record that a run has begun; in the run's process."""
        if self.folder is not None:
            overrides = list(config.hydra.overrides.task)
            self._write(config, _row(overrides) | {"state": "running"})

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Record how a run ended; in the run's process."""
        if self.folder is None:
            return
        ended = job_return._return_value
        row = _row(list(job_return.overrides or ()))
        if isinstance(ended, BaseException):
            row |= {"state": "failed", "error": str(ended)}
        else:
            row |= {"state": "finished", "run": Path(ended["run"]).name, "signature": ended["signature"]}
        self._write(config, row)
        if isinstance(ended, DuettoError):  # already printed; Hydra would end with a traceback
            job_return.status, job_return.return_value = JobStatus.COMPLETED, None

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print the counts; exit with status 1 if a run did not finish."""
        if self.folder is None:
            return
        atexit.unregister(self._tell)
        if self._tell():
            sys.exit(1)

    def _write(self, config: DictConfig, row: dict[str, Any]) -> None:
        assert self.folder is not None
        number = int(config.hydra.job.num)
        write_json(self.folder / ROWS / f"{number:05d}.json", row)
        self._write_state(self._rows())

    def _rows(self) -> list[dict[str, Any]]:
        """The rows so far, in the order of the runs."""
        assert self.folder is not None
        rows = []
        for path in sorted((self.folder / ROWS).glob("*.json")):
            try:
                rows.append(read_object(path))
            except StorageError as error:
                rows.append(_row([path.stem]) | {"state": "failed", "error": str(error)})
        return rows

    def _write_state(self, rows: list[dict[str, Any]]) -> None:
        assert self.folder is not None
        write_json(self.folder / STATE_FILE, {"sweep": self.folder.name, "runs": rows})

    def _tell(self) -> int:
        """Settle the rows by the runs' folders, write and print the outcome; the number of runs that did not finish."""
        assert self.folder is not None
        rows = [_settled(row, self.folder.parent.parent) for row in self._rows()]
        rows += [_row([]) | {"state": "new", "error": NOT_BEGUN} for _ in range(self.num_runs - len(rows))]
        self._write_state(rows)
        count = Counter(row["state"] for row in rows)
        words = {"broken": "broken", "new": "not begun"}
        others = "".join(f", {count[state]} {word}" for state, word in words.items() if count[state])
        told = f"{count['finished']} runs finished, {count['failed']} failed{others}"
        sys.stdout.write(f"\n{told}: {self.folder / STATE_FILE}\n")
        sys.stdout.write(f"Side by side: python -m duetto report {self.folder}\n")
        return len(rows) - count["finished"]


def _row(overrides: list[str]) -> dict[str, Any]:
    name = " ".join(overrides)
    return {"name": name, "overrides": overrides, "run": None, "signature": None, "error": ""}


def _settled(row: dict[str, Any], logs: Path) -> dict[str, Any]:
    """The row as the run's folder has it: finished only where that says so, broken where its process is gone."""
    if row["state"] == "running":
        return {**row, "state": "broken", "error": ENDED}
    if row["state"] != "finished":
        return row
    try:
        status = read_object(RunFolder(logs / row["run"]).record).get("status")
    except StorageError as error:
        return {**row, "state": "failed", "error": str(error)}
    return row if status == "finished" else {**row, "state": "broken", "error": f"Its folder says {status}."}


def _num_runs(config: DictConfig) -> int:
    """Number of combinations that Hydra's own sweeper will do; 0 for another sweeper, which decides on its way."""
    if not str(OmegaConf.select(config, "hydra.sweeper._target_")).endswith(ONE_BY_ONE):
        return 0
    parsed = OverridesParser.create().parse_overrides(list(config.hydra.overrides.task))
    return math.prod(len(list(each.sweep_string_iterator())) for each in parsed if each.is_sweep_override())
