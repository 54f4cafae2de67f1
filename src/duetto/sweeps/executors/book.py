"""The jobs that a sweep has given to an engine, in its folder: jobs.json. A later command finds them there again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from duetto.errors import ConfigError, StorageError
from duetto.storage.files import read_object, sha256_json, write_json
from duetto.sweeps.executors.protocol import Task

JOBS_FILE = "jobs.json"


@dataclass(frozen=True)
class JobBook:
    """Reads and writes a sweep's jobs: for each task the number of its job and a digest of its command."""

    folder: Path
    engine: str

    def enter(self, jobs: Mapping[str, Task]) -> None:
        """Add jobs, by number."""
        entries = {task.name: {"job": job, "command": digest(task)} for job, task in jobs.items()}
        write_json(self.folder / JOBS_FILE, {"engine": self.engine, "jobs": {**self._entries(), **entries}})

    def numbers(self) -> dict[str, str]:
        """The number of each task's latest job."""
        return {name: entry["job"] for name, entry in self._entries().items()}

    def find(self, tasks: Sequence[Task], active: Sequence[str]) -> dict[str, Task]:
        """The tasks that an active job works on or will, by the job's number.

        Raises:
            ConfigError: If such a job was given another command, such as other threads.
        """
        entries = self._entries()
        found = {entries[task.name]["job"]: task for task in tasks if task.name in entries}
        found = {job: task for job, task in found.items() if job in active}
        for job, task in found.items():
            if entries[task.name]["command"] != digest(task):
                raise ConfigError(
                    f"Job {job} already works on {Path(task.name).name}, with other settings (threads, code or "
                    "evaluation). Give the earlier command, or cancel the job first."
                )
        return found

    def _entries(self) -> dict[str, dict[str, str]]:
        path = self.folder / JOBS_FILE
        try:
            values = read_object(path) if path.is_file() else {}
        except StorageError:  # torn or of another kind: those jobs are not known any more, and a run's lock protects it
            return {}
        jobs = values.get("jobs")
        return jobs if values.get("engine") == self.engine and isinstance(jobs, dict) else {}


def digest(task: Task) -> str:
    """Of a task's command, apart from the interpreter."""
    return sha256_json(list(task.command[1:]))[:12]
