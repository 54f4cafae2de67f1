"""The folder of a sweep, logs/sweeps/NAME/: plan.json, state.json and the output of each process.

Both files are for readers and for the page; whether a run is finished is decided by its own folder.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from duetto.settings.provenance import code_version
from duetto.storage.files import write_json
from duetto.storage.locks import alone
from duetto.sweeps.planned import PlannedRun

SWEEPS = "sweeps"
PLAN_FILE = "plan.json"
STATE_FILE = "state.json"
OUTPUT_FOLDER = "output"


@dataclass(frozen=True)
class SweepRecord:
    """Writes the files of a sweep's folder."""

    folder: Path

    def write_plan(self, runs: Sequence[PlannedRun], facts: dict[str, Any]) -> None:
        """Write the planned runs to plan.json."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        plan = {**facts, "sweep": self.folder.name, "created": created, "code": code_version()}
        write_json(self.folder / PLAN_FILE, {**plan, "runs": [run.as_dict() for run in runs]})

    def write_state(self, runs: Sequence[PlannedRun]) -> None:
        """Write the state of every run to state.json."""
        updated = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [run.as_dict() for run in runs]
        write_json(self.folder / STATE_FILE, {"sweep": self.folder.name, "updated": updated, "runs": rows})

    def output_of(self, run: PlannedRun) -> Path:
        """Path of the output of the run's process."""
        return self.folder / OUTPUT_FOLDER / f"{'unknown' if run.folder is None else run.folder.name}.txt"

    def lock(self) -> AbstractContextManager[None]:
        """Lock the sweep, so that a second process on it is refused.

        Raises:
            StorageError: If there is one, or there was and it was probably killed.
        """
        return alone(self.folder / ".lock", f"Another process is working on the sweep {self.folder}")
