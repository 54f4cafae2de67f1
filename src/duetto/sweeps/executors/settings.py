"""The settings `executor=NAME executor.KEY=VALUE` of sweep.py, above those of conf/executor/NAME.yaml."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from duetto.errors import ConfigError
from duetto.runs.command_line.known import Setting, expected, settings_of
from duetto.runs.command_line.literal import quote_literals
from duetto.runs.command_line.nearest import did_you_mean
from duetto.settings.executor_config import AnyExecutorConfig, LocalConfig, RayConfig, SlurmConfig

GROUP = "executor"
SCHEMAS: Mapping[str, type[AnyExecutorConfig]] = MappingProxyType(
    {"local": LocalConfig, "slurm": SlurmConfig, "ray": RayConfig}
)


def is_of_executor(override: str) -> bool:
    """Whether a setting as typed belongs here."""
    return override.split("=", 1)[0].split(".", 1)[0] == GROUP


def read_executor(conf: Path, given: Sequence[str]) -> AnyExecutorConfig:
    """The checked settings of the executor.

    Args:
        conf: Folder of the configuration.
        given: `executor=NAME` and `executor.KEY=VALUE`, as typed.

    Raises:
        ConfigError: If there is no such executor or setting, or a value is not valid.
    """
    named = [each.split("=", 1)[1] for each in given if each.startswith(f"{GROUP}=")]
    name = named[-1] if named else "local"
    if name not in SCHEMAS:
        raise ConfigError(f"executor={name}: there is no such executor. Choose from {', '.join(SCHEMAS)}.")
    known = settings_of(SCHEMAS[name], f"{GROUP}.")
    config = OmegaConf.structured(SCHEMAS[name])
    config.merge_with(OmegaConf.load(conf / GROUP / f"{name}.yaml"))
    for override in quote_literals([each for each in given if not each.startswith(f"{GROUP}=")], known):
        _set(config, override, known, name)
    settings = OmegaConf.to_object(config)
    assert isinstance(settings, AnyExecutorConfig)
    settings.validate()
    return settings


def _set(config: DictConfig, override: str, known: Mapping[str, Setting], name: str) -> None:
    key, equals, value = override.partition("=")
    setting = known.get(key) or known.get(".".join(key.split(".")[:2]))  # executor.options.nice is part of a dictionary
    if setting is None or not equals or (key != setting.key and "dict" not in str(setting.type)):
        fitting = did_you_mean(key, list(known), f"{equals}{value}")
        has = f"It has {', '.join(sorted(known))}." if known else "executor=slurm and executor=ray have settings."
        raise ConfigError(f"{key}: executor={name} has no such setting.{fitting} {has}")
    try:
        parsed = OverridesParser.create().parse_override(override).value()
        OmegaConf.update(config, key.removeprefix(f"{GROUP}."), parsed, merge=False)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(f"{override}: expected {expected(setting)}.") from error
