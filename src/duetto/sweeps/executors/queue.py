"""What an engine says of its jobs: which wait, which are worked on, and why one ended; without Slurm's accounting."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from duetto.errors import ConfigError

CANCEL_S = 5.0  # between an interrupt and a kill
ASK_S = 60.0  # a controller that is busy answers late
WAITING = frozenset(("PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD"))
AT_WORK = frozenset(
    ("RUNNING", "CONFIGURING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING")
)
ACTIVE = WAITING | AT_WORK
NOT_KNOWN = "Invalid job id"  # squeue, of jobs that are over and forgotten


class Queue(Protocol):
    """The jobs of an engine."""

    def states(self, jobs: Sequence[str]) -> Mapping[str, str] | None:
        """State of each job that the engine still knows; None if it cannot be asked now."""

    def cancel(self, jobs: Sequence[str]) -> None:
        """End jobs; those that have ended are passed over."""


class SlurmQueue:
    """Slurm, by squeue and scancel."""

    def states(self, jobs: Sequence[str]) -> Mapping[str, str] | None:
        """State of each job that Slurm still knows; None if it does not answer."""
        arrays = sorted({job.partition("_")[0] for job in jobs})
        asked = ["squeue", "--noheader", "--array", "--states=all", "--format=%i %T", f"--jobs={','.join(arrays)}"]
        said = _answer(asked)
        if said is None:
            return None
        if said.returncode:
            return {} if NOT_KNOWN in said.stderr else None
        found = (line.split() for line in said.stdout.splitlines())
        known = {words[0]: words[1] for words in found if len(words) == 2}
        return {job: known[job] for job in jobs if job in known}

    def cancel(self, jobs: Sequence[str]) -> None:
        """End jobs."""
        if jobs:
            _answer(["scancel", "--quiet", *jobs])


class ProcessQueue:
    """submitit's local engine: the number of a job is that of its process."""

    def states(self, jobs: Sequence[str]) -> Mapping[str, str] | None:
        """RUNNING for each job whose process lives."""
        return {job: "RUNNING" for job in jobs if _is_alive(int(job))}

    def cancel(self, jobs: Sequence[str]) -> None:
        """Interrupt the jobs' processes, and kill those that go on; their workers end with them."""
        for number, patience_s in ((signal.SIGINT, CANCEL_S), (signal.SIGKILL, 0.0)):
            for pid in (child for job in jobs for child in _children(job)):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            end_s = time.monotonic() + patience_s
            while time.monotonic() < end_s and any(_children(job) for job in jobs):
                time.sleep(0.1)


def _children(job: str) -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/{job}/task/{job}/children").read_text().split()]
    except OSError:
        return []


def _answer(command: list[str]) -> "subprocess.CompletedProcess[str] | None":
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=ASK_S, check=False)
    except (subprocess.TimeoutExpired, OSError):
        return None


def _is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        os.kill(pid, 0)
        return not stat.is_file() or re.sub(r".*\)", "", stat.read_text()).split()[0] != "Z"
    except OSError:
        return False


def require_slurm() -> None:
    """Refuse to begin where Slurm's commands are not.

    Raises:
        ConfigError: If there is no sbatch.
    """
    missing = [name for name in ("sbatch", "squeue", "scancel", "srun") if shutil.which(name) is None]
    if missing:
        raise ConfigError(
            f"executor=slurm: there is no {missing[0]} on this machine. Run the command where jobs are submitted, on "
            "a login node, or try it without Slurm: executor.engine=local."
        )
