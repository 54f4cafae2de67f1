"""What an executor needs, checked before anything is composed or prepared."""

from importlib.util import find_spec

from duetto.errors import ConfigError
from duetto.settings.executor_config import AnyExecutorConfig, LocalConfig, RayConfig, SlurmConfig
from duetto.sweeps.executors.queue import require_slurm
from duetto.sweeps.request import Mode


def check_executor(config: AnyExecutorConfig, mode: Mode) -> None:
    """Refuse an executor whose packages or commands are missing, or that a sweep cannot leave.

    Raises:
        ConfigError: If so.
    """
    if isinstance(config, SlurmConfig):
        _require("submitit", "slurm")
        if config.engine == "slurm":
            require_slurm()
        return
    if mode != "work":
        why = "processes of this machine" if isinstance(config, LocalConfig) else "a Ray driver's tasks"
        raise ConfigError(
            f"{mode}=true is for executor=slurm: {why} end with the command that started them. Leave it running, in "
            "tmux or under nohup; after a stop, the same command continues."
        )
    if isinstance(config, RayConfig):
        _require("ray", "ray")


def _require(package: str, extra: str) -> None:
    if find_spec(package) is None:
        raise ConfigError(f"executor={extra} needs the package {package}: pip install '.[{extra}]'.")
