"""From the settings to an executor."""

from collections.abc import Sequence
from pathlib import Path

from duetto.settings.executor_config import AnyExecutorConfig, RayConfig, SlurmConfig
from duetto.settings.run_config import TrainConfig
from duetto.sweeps.executors.protocol import Executor
from duetto.sweeps.executors.ray_cluster import RayExecutor
from duetto.sweeps.executors.slurm import SlurmExecutor
from duetto.sweeps.request import Mode
from duetto.sweeps.resources import Resources, resources_of, share_machine


def choose_resources(
    config: AnyExecutorConfig, mode: Mode, configs: Sequence[TrainConfig], asked: int, folder: Path
) -> Resources:
    """The executor, the threads of each run, and this machine's speed with them.

    Args:
        config: Settings of the executor.
        mode: Whether the command works, leaves or watches.
        configs: Settings of all runs of the sweep, finished ones too.
        asked: `workers`; 0 = as many as fit.
        folder: Of the sweep.
    """
    if isinstance(config, SlurmConfig):
        slurm: Executor = SlurmExecutor(config, folder, min(asked or len(configs), len(configs)), mode)
        return resources_of(slurm, config.cpus)
    if isinstance(config, RayConfig):
        ray: Executor = RayExecutor(config, folder, min(asked or len(configs), len(configs)))
        return resources_of(ray, config.cpus)
    pool = share_machine(configs, asked)
    return resources_of(pool, pool.threads)
