"""The folder of a sweep, logs/sweeps/NAME/: plan.json, state.json and what each process said.

Both files are for people and for the page: whether a run is finished is decided by its own folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from duetto.errors import StorageError
from duetto.settings.provenance import code_version
from duetto.storage.files import make_folder, write_json
from duetto.sweeps.planned import PlannedRun

SWEEPS = "sweeps"
PLAN_FILE = "plan.json"
STATE_FILE = "state.json"
OUTPUT_FOLDER = "output"


@dataclass(frozen=True)
class SweepRecord:
    """Where a sweep is written down."""

    folder: Path

    def write_plan(self, runs: Sequence[PlannedRun], facts: dict[str, Any]) -> None:
        """What is going to be done."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        plan = {**facts, "sweep": self.folder.name, "created": created, "code": code_version()}
        write_json(self.folder / PLAN_FILE, {**plan, "runs": [run.as_dict() for run in runs]})

    def write_state(self, runs: Sequence[PlannedRun]) -> None:
        """How far every run is."""
        updated = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [run.as_dict() for run in runs]
        write_json(self.folder / STATE_FILE, {"sweep": self.folder.name, "updated": updated, "runs": rows})

    def output_of(self, run: PlannedRun) -> Path:
        """What the run's process says."""
        return self.folder / OUTPUT_FOLDER / f"{'unknown' if run.folder is None else run.folder.name}.txt"

    def lock(self) -> FileLock:
        """Hold the sweep; a second process on it is refused.

        Raises:
            StorageError: If another process holds it.
        """
        make_folder(self.folder)
        lock = FileLock(self.folder / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise StorageError(f"Another process is at the sweep {self.folder}. Wait for it, or stop it.") from error
        return lock
