"""Hydra's own multirun, `python train.py -m ...`: its runs are recorded like those of a sweep.

A Hydra callback (conf/train.yaml). A user's error in one run does not end the others; a bug keeps its traceback.
"""

import sys
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from duetto.errors import DuettoError
from duetto.storage.files import sha256_json, write_json

SWEEPS = "sweeps"
STATE_FILE = "state.json"


class RecordMultirun(Callback):
    """Writes logs/sweeps/multirun-<digest>/state.json after each run; does nothing for a single run."""

    def __init__(self) -> None:
        self.folder: Path | None = None  # None = not a multirun
        self.rows: list[dict[str, Any]] = []

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Name the folder after the requested settings."""
        asked = sorted(config.hydra.overrides.task)
        self.folder = Path(config.logs) / SWEEPS / f"multirun-{sha256_json(asked)[:6]}"

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Record how a run ended."""
        if self.folder is None:
            return
        ended = job_return._return_value
        overrides = list(job_return.overrides or ())
        row = {"name": " ".join(overrides), "overrides": overrides, "run": None, "signature": None, "error": ""}
        if isinstance(ended, BaseException):
            row |= {"state": "failed", "error": str(ended)}
        else:
            row |= {"state": "finished", "run": Path(ended["run"]).name, "signature": ended["signature"]}
        self.rows.append(row)
        write_json(self.folder / STATE_FILE, {"sweep": self.folder.name, "runs": self.rows})
        if isinstance(ended, DuettoError):  # already printed; Hydra would end with a traceback
            job_return.status, job_return.return_value = JobStatus.COMPLETED, None

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print the folder; exit with status 1 if a run failed."""
        if self.folder is None:
            return
        failed = sum(row["state"] == "failed" for row in self.rows)
        sys.stdout.write(f"\n{len(self.rows) - failed} runs finished, {failed} failed: {self.folder / STATE_FILE}\n")
        sys.stdout.write(f"Side by side: python -m duetto report {self.folder}\n")
        if failed:
            sys.exit(1)
