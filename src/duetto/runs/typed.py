"""Turns a composed configuration into a validated dataclass."""

from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from duetto.architectures.registry import get_architecture
from duetto.errors import ConfigError
from duetto.runs.command_line.explain import explain
from duetto.runs.command_line.literal import uninterpolated
from duetto.runs.step_settings import check_step_settings
from duetto.settings.run_config import InferConfig, TrainConfig

Settings = TypeVar("Settings", TrainConfig, InferConfig)


def typed(config: DictConfig, schema: type[Settings]) -> Settings:
    """Merge a composed config onto its schema once more, validate it, and return the dataclass.

    Raises:
        ConfigError: On an unknown key, a wrong type, a missing value or a broken rule.
    """
    try:
        values = uninterpolated(OmegaConf.to_container(config, resolve=True))  # a typed config accepts "+key=" silently
        value = OmegaConf.to_object(on_schema(values, schema))
    except OmegaConfBaseException as error:
        raise ConfigError(explain(error, schema)) from error
    return checked(value, schema)


def on_schema(values: Any, schema: type[Settings]) -> DictConfig:
    """Merge plain values onto their schema, with the model schema of the architecture named by `model.name`."""
    plain = OmegaConf.create(values)
    if schema is not TrainConfig:
        return _merged(OmegaConf.structured(schema), plain)
    architecture = get_architecture(plain.get("model", {}).get("name"))
    return _merged(OmegaConf.structured(TrainConfig(model=architecture.config())), plain)


def _merged(below: DictConfig, above: Any) -> DictConfig:
    merged = OmegaConf.merge(below, above)
    assert isinstance(merged, DictConfig)
    return merged


def checked(value: Any, schema: type[Settings]) -> Settings:
    """Validate settings and return them.

    Raises:
        ConfigError: If a rule is broken.
    """
    assert isinstance(value, schema)
    if isinstance(value, TrainConfig):
        check_step_settings(value.preprocess.steps)
    value.validate()
    from duetto.runs.registered import check_registered  # slow: numerical libraries

    check_registered(value)
    return value
