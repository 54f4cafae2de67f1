"""Settings of what works off a sweep, `executor=local|slurm|ray` of sweep.py. No result of a run depends on them."""

import re
from dataclasses import dataclass, field
from typing import Any

from duetto.errors import ConfigError
from duetto.settings.config import require
from duetto.settings.kinds import NAME
from duetto.settings.ranges import one_of, require_within

ENGINES = ("slurm", "local")
FOLDERS = ("auto", "shared", "fetched")
MOST_CPUS, MOST_GPUS, MOST_GB = 4096, 64, 100_000
# minutes, MM:SS, HH:MM:SS, D-HH, D-HH:MM and D-HH:MM:SS, as sbatch reads them
TIME = re.compile(r"(?:(?P<days>\d+)-(?P<of_day>\d+(?::\d+){0,2})|(?P<plain>\d+(?::\d+){0,2}))")


@dataclass
class LocalConfig:
    """Processes of this machine; `workers` says how many."""

    def validate(self) -> None:
        """There is nothing to check."""


@dataclass
class ClusterConfig:
    """What a run is given on another machine."""

    cpus: int = 1  # cores and threads of a run
    memory: float = 0.0  # GB of a run; 0 = what the cluster gives unasked
    time: str = "0"  # walltime of a run: minutes, or H:MM:SS or D-HH:MM:SS; 0 = no limit of ours
    requeue: bool = False  # resume runs that their time limit, another job or a lost machine has ended

    @property
    def minutes(self) -> int:
        """The walltime in whole minutes, rounded up."""
        return minutes_of(self.time)

    def validate(self) -> None:
        """Check the ranges."""
        require_within("executor.cpus", self.cpus, 1, MOST_CPUS)
        require_within("executor.memory", self.memory, 0, MOST_GB, "what the cluster gives unasked")
        minutes_of(self.time)


@dataclass
class SlurmConfig(ClusterConfig):
    """Jobs of one Slurm array."""

    time: str = "240"
    gpus: int = 0  # of a run
    partition: str | None = field(default=None, metadata=NAME)  # null = the cluster's default; of the others too
    account: str | None = field(default=None, metadata=NAME)
    qos: str | None = field(default=None, metadata=NAME)
    constraint: str | None = field(default=None, metadata=NAME)
    prepares: bool = False  # whether jobs of their own make corpora and features, before the runs' jobs
    array_size: int = 1000  # jobs of an array at most; clusters refuse more than their MaxArraySize - 1
    engine: str = "slurm"  # slurm | local: submitit's jobs as processes of this machine, to try without Slurm
    setup: list[str] = field(default_factory=list)  # shell commands before each run, such as "module load cuda"
    options: dict[str, Any] = field(default_factory=dict)  # further options of sbatch: {nice: 100, exclude: node7}

    def validate(self) -> None:
        """Check the ranges."""
        super().validate()
        require_within("executor.gpus", self.gpus, 0, MOST_GPUS)
        require_within("executor.array_size", self.array_size, 1)
        require(self.minutes > 0, "executor.time=0: Slurm needs a time limit, such as 240 (minutes) or 4:00:00.")
        require(self.engine in ENGINES, f"executor.engine={self.engine}: expected {one_of(ENGINES)}.")


@dataclass
class RayConfig(ClusterConfig):
    """Tasks of a Ray cluster."""

    gpus: float = 0.0  # of a run; 0.5 = two runs share a GPU
    # auto = the cluster of this machine | HOST:PORT | ray://HOST:10001; null = this machine alone
    address: str | None = field(default=None, metadata=NAME)
    runtime_env: dict[str, Any] = field(
        default_factory=dict
    )  # Ray's own: {working_dir: ., pip: [...], env_vars: {...}}
    folders: str = "auto"  # auto | shared | fetched: whether nodes see the run folders; auto asks each node

    def validate(self) -> None:
        """Check the ranges."""
        super().validate()
        require_within("executor.gpus", self.gpus, 0, MOST_GPUS)
        is_share = self.gpus <= 1 or self.gpus == int(self.gpus)
        require(is_share, f"executor.gpus={self.gpus:g}: expected a part of one GPU, such as 0.5, or a whole number.")
        require(self.folders in FOLDERS, f"executor.folders={self.folders}: expected {one_of(FOLDERS)}.")


AnyExecutorConfig = LocalConfig | SlurmConfig | RayConfig


def minutes_of(time: str) -> int:
    """Whole minutes, rounded up, of a time limit in Slurm's forms.

    Raises:
        ConfigError: If it has none of them.
    """
    found = TIME.fullmatch(time)
    if found is None:
        raise ConfigError(f"executor.time={time}: expected minutes, H:MM:SS or D-HH:MM:SS, such as 240 or 1-00:00:00.")
    parts = [int(part) for part in (found["of_day"] or found["plain"]).split(":")]
    if found["days"] is None:
        hours, minutes, seconds = ((0, *parts, 0), (0, *parts), parts)[len(parts) - 1]
    else:
        hours, minutes, seconds = (*parts, 0, 0)[:3]
    return int(found["days"] or 0) * 1440 + hours * 60 + minutes + (seconds + 59) // 60
