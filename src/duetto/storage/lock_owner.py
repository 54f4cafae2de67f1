"""Who holds a lock: host, process, job of a batch system, and a count that goes up while it is alive."""

import hashlib
import json
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

JOBS: Mapping[str, str] = MappingProxyType(
    {
        "SLURM_ARRAY_JOB_ID": "Slurm job",  # before the next, which is another one in each task of an array
        "SLURM_JOB_ID": "Slurm job",
        "PBS_JOBID": "PBS job",
        "LSB_JOBID": "LSF job",
    }
)
SLURM_TASK = "SLURM_ARRAY_TASK_ID"
MAX_BYTES = 1024  # of a record
BOOT, PROCESSES = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
STATE_FIELD, START_FIELD = 0, 19  # of /proc/PID/stat, counted from the one after the name; ticks from boot to start
ENDED = "Z"  # state of a process that nobody has taken leave of


@dataclass(frozen=True)
class Owner:
    """One holding of a lock by one process."""

    host: str
    pid: int
    start: str  # of the process, as the system counts it: numbers of processes are used again; empty = not known
    place: str  # digest of boot and process namespace: in the same one, numbers of processes mean the same
    job: str  # of the batch system, such as "Slurm job 4711_3"; empty = none
    token: str  # of this holding alone

    def record(self, beat: int) -> bytes:
        """What stands in the lock's file; of one length, so that it is written over in place."""
        return json.dumps({**asdict(self), "beat": f"{beat:010d}"}, sort_keys=True).encode()

    @property
    def is_here(self) -> bool:
        """Whether this process can see that one, and tell whether it is alive."""
        return self.place == _place()

    @property
    def is_alive(self) -> bool:
        """Whether the process exists; only asked of one that `is_here`."""
        return is_process(self.pid, self.start)

    def __str__(self) -> str:
        """A phrase for messages."""
        return f"process {self.pid} on {self.host}{f', {self.job}' if self.job else ''}"


def this_process() -> Owner:
    """A new holding by this process."""
    pid = os.getpid()
    return Owner(socket.gethostname(), pid, start_of(pid), _place(), _job(os.environ), secrets.token_hex(8))


def owner_in(record: bytes) -> Owner | None:
    """The owner in a lock's file; None if it names none, as those of earlier versions, or is being written."""
    try:
        values = json.loads(record)
        values.pop("beat")
        owner = Owner(**values)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return owner if isinstance(owner.pid, int) and isinstance(owner.token, str) and owner.token.isalnum() else None


def is_process(pid: int, start: str) -> bool:
    """Whether a process of this number exists that started then."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # somebody else's
        pass
    return not start or start_of(pid) == start


def start_of(pid: int) -> str:
    """When a process started, in the system's count; empty where that is not known, or if it has ended."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
    except OSError:
        return ""
    fields = after_name.split()
    return fields[START_FIELD] if len(fields) > START_FIELD and fields[STATE_FIELD] != ENDED else ""


def _job(environment: Mapping[str, str]) -> str:
    for variable, kind in JOBS.items():
        if environment.get(variable):
            task = environment.get(SLURM_TASK, "") if variable == next(iter(JOBS)) else ""
            return f"{kind} {environment[variable]}{f'_{task}' if task else ''}"
    return ""


@cache
def _place() -> str:
    try:
        seen = f"{BOOT.read_text(encoding='ascii').strip()} {PROCESSES.stat().st_ino}"
    except OSError:  # not Linux
        seen = socket.gethostname()
    return hashlib.sha256(seen.encode()).hexdigest()[:12]
