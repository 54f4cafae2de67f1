"""What runs inside a batch job: the worker's process, and a small file that tells how it ended.

The file lies beside the log, `RUN.ended.json`, so that nobody has to ask an engine that may have no accounting.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duetto.errors import StorageError
from duetto.storage.files import make_folder, read_object, write_json
from duetto.sweeps.executors.parent import end
from duetto.sweeps.executors.protocol import Ended, Task, last_lines, thread_variables

TERM_S = 60.0  # a worker that is told to end is given so long to save what it has
TOLD_TO_END = frozenset((-signal.SIGTERM, 128 + signal.SIGTERM))  # status of a worker that SIGTERM ended
OUT_OF_TIME = "Its time was over: executor.time={minutes} (minutes). The same command resumes it."
TAKEN_AWAY = "Its machine was taken away: preempted or cancelled. The same command resumes it."
EARLY_S = 200.0  # before the end of its time a job is given notice at most: two minutes, and Slurm's own minute


@dataclass
class BatchJob:
    """A task as submitit pickles it and calls it on another machine; the folder of the sweep is shared."""

    task: Task
    folder: str  # working folder
    threads: int
    minutes: int  # that it may take
    requeue: bool
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def __call__(self) -> None:
        """Run the worker and record how it ended.

        Raises:
            BaseException: What the engine's signal raised meanwhile; the worker is ended first.
        """
        import submitit

        began, job = time.monotonic(), submitit.JobEnvironment().job_id
        ended_file(self.task).unlink(missing_ok=True)
        try:
            status = self._run()
        except SystemExit:  # requeued: it goes on in the next start of this job
            self._end()
            raise
        except BaseException:
            self._end()
            seconds = time.monotonic() - began
            is_over = seconds >= self.minutes * 60 - EARLY_S
            reason = OUT_OF_TIME.format(minutes=self.minutes) if is_over else TAKEN_AWAY
            write_ended(Ended(self.task, 1, seconds, (), reason), job)
            raise
        interruption = TAKEN_AWAY if status in TOLD_TO_END else ""
        lines = last_lines(self.task.log, status) if status else ()
        write_ended(Ended(self.task, status, time.monotonic() - began, lines, interruption), job)

    def checkpoint(self) -> Any:
        """For submitit, when the engine announces the end: ends the worker, and asks for another start if wished."""
        import submitit

        self._end()
        return submitit.helpers.DelayedSubmission(again(self)) if self.requeue else None

    def _run(self) -> int:
        make_folder(self.task.log.parent)
        with self.task.log.open("wb") as log:
            self._process = subprocess.Popen(
                self.task.command,
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(self.threads, os.environ),
                preexec_fn=_ignore_notice,
            )
        return self._process.wait()

    def _end(self) -> None:
        if self._process is not None:
            end(self._process, TERM_S)


def again(job: BatchJob) -> BatchJob:
    """The same job, not started."""
    return BatchJob(job.task, job.folder, job.threads, job.minutes, job.requeue)


def environment(threads: int, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of the worker: what the engine gives, held to its threads."""
    return {**inherited, **thread_variables(threads)}


def _ignore_notice() -> None:
    """Slurm's notice of a coming end goes to every process of a job; ours is answered by `BatchJob.checkpoint`."""
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)


def ended_file(task: Task) -> Path:
    """Where a job writes how its task ended."""
    return task.log.with_suffix(".ended.json")


def write_ended(end: Ended, job: str) -> None:
    """Write how a job's task ended."""
    values = {"job": job, "status": end.status, "seconds": end.seconds, "last_lines": end.last_lines}
    write_json(ended_file(end.task), {**values, "interruption": end.interruption})


def read_ended(task: Task, job: str) -> Ended | None:
    """How a task ended, if this job wrote it."""
    path = ended_file(task)
    try:
        values = read_object(path) if path.is_file() else {}
        if values["job"] != job:
            return None
        return Ended(
            task,
            int(values["status"]),
            float(values["seconds"]),
            tuple(str(line) for line in values["last_lines"]),
            str(values["interruption"]),
        )
    except (StorageError, KeyError, TypeError, ValueError):
        return None
