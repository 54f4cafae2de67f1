"""Where this process is among those of a training, and who started it: our own command, torchrun, or Slurm's srun.

Our command starts alone and starts the other processes itself. torchrun and srun start the same command several times
and say in the environment which of them each is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from duetto.errors import EXIT_USER_ERROR, ConfigError
from duetto.settings.config import TrainerConfig

TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
SRUN_TASKS = "SLURM_STEP_NUM_TASKS"  # of this step: set by srun, not in a batch script itself


@dataclass(frozen=True)
class Place:
    """One of the processes of a training."""

    rank: int = 0
    world: int = 1  # number of processes
    local_rank: int = 0  # among those on this machine
    local_world: int = 1
    started_by: Literal["duetto", "torchrun", "srun"] = "duetto"

    @property
    def is_first(self) -> bool:
        """Whether this process prepares the data, writes, tests and reports."""
        return self.rank == 0


ALONE = Place()


def find_place(trainer: TrainerConfig, environment: Mapping[str, str]) -> Place:
    """The place of this process.

    Args:
        trainer: How many processes the settings ask for.
        environment: Variables of the process.

    Raises:
        ConfigError: If other than that many were started, or several machines are asked of our own command.
        SystemExit: Instead of it in processes other than the first: one of them says it.
    """
    asked = trainer.devices * trainer.nodes
    place = told_by_starter(environment)
    if place is None and trainer.nodes > 1:
        raise ConfigError(
            f"trainer.nodes={trainer.nodes}: processes on several machines are started by torchrun or Slurm's srun, "
            "the same command on each (docs/training.md, 'Several processes')."
        )
    if place is None:
        return Place(0, asked, 0, trainer.devices)
    if place.world == asked:
        return place
    if not place.is_first:
        raise SystemExit(EXIT_USER_ERROR)
    raise ConfigError(
        f"{place.started_by} started {place.world} processes, but trainer.devices={trainer.devices} and trainer.nodes="
        f"{trainer.nodes} ask for {asked}. Write trainer.devices={place.local_world} for each of the machines, or "
        f"start {asked}."
    )


def told_by_starter(environment: Mapping[str, str]) -> Place | None:
    """What torchrun or srun says; None = this command was started once."""
    if all(environment.get(name, "") for name in TORCHRUN):
        rank, world, local_rank, local_world = (int(environment[name]) for name in TORCHRUN[:4])
        return Place(rank, world, local_rank, local_world, "torchrun")
    tasks = int(environment.get(SRUN_TASKS, "1"))
    if tasks == 1:
        return None
    nodes = int(environment.get("SLURM_STEP_NUM_NODES", "1"))
    return Place(
        int(environment["SLURM_PROCID"]), tasks, int(environment["SLURM_LOCALID"]), max(1, tasks // nodes), "srun"
    )
