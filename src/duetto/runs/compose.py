"""From YAML files and overrides to checked settings: schemas, resolvers, composition.

A `DictConfig` ends here: what leaves is a dataclass that has been validated. Nothing heavy is imported, so that a
misspelt key stops within two seconds.
"""

from collections.abc import Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

from hydra import compose, initialize_config_dir
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from duetto.architectures.registry import architectures, get_architecture
from duetto.errors import ConfigError
from duetto.runs.command_line.explain import explain
from duetto.runs.command_line.known import entry_of
from duetto.runs.command_line.literal import uninterpolated
from duetto.runs.command_line.understand import understand
from duetto.runs.driver import has_cuda_driver
from duetto.runs.mistakes import each_checked
from duetto.runs.step_settings import check_step_settings
from duetto.settings.model_config import ModelConfig
from duetto.settings.run_config import InferConfig, TrainConfig

Settings = TypeVar("Settings", TrainConfig, InferConfig)


class ArchitectureFiles(SearchPathPlugin):
    """Lets Hydra find the configuration files of architectures that keep their own."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Add their folders, after the package's own."""
        for architecture in architectures().values():
            if architecture.conf is not None:
                search_path.append(f"duetto-{architecture.name}", f"file://{architecture.conf}")


def prepare() -> None:
    """Register the schemas and resolvers that the YAML files name, before Hydra reads them."""
    _register(tuple((name, architecture.config) for name, architecture in architectures().items()))


@cache
def _register(models: tuple[tuple[str, type[ModelConfig]], ...]) -> None:
    store = ConfigStore.instance()
    store.store(name="base_train", node=TrainConfig)
    store.store(name="base_infer", node=InferConfig)
    for name, config in models:
        store.store(group="model", name=f"base_{name}", node=config)
    Plugins.instance().register(ArchitectureFiles)
    OmegaConf.register_new_resolver("duetto.shape", resolve_shape, replace=True)


def resolve_shape(model: str, size: str) -> str:
    """Name of the file below conf/shape; `auto` is compact without a CUDA device, the flagship shape with one."""
    if size == "auto":
        architecture = get_architecture(model)
        size = architecture.flagship if has_cuda_driver() else architecture.sizes[0]
    return f"{model}_{size}"


def typed(config: DictConfig, schema: type[Settings]) -> Settings:
    """Merge a composed config onto its schema once more, validate it, and return the dataclass.

    Raises:
        ConfigError: On an unknown key, a wrong type, a missing value or a broken rule.
    """
    try:
        values = uninterpolated(OmegaConf.to_container(config, resolve=True))  # a "+key=" hides in a typed config
        plain = OmegaConf.create(values)
        merged = OmegaConf.merge(_structure(schema, plain), plain)
        value = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        raise ConfigError(explain(error, schema)) from error
    assert isinstance(value, schema)
    if isinstance(value, TrainConfig):
        check_step_settings(value.preprocess.steps)
    value.validate()
    from duetto.runs.registered import check_registered  # numerical libraries, which a misspelt key does not need

    check_registered(value)
    return value


def _structure(schema: type[Settings], plain: Any) -> DictConfig:
    """The schema, with that of the architecture that `model.name` names."""
    if schema is not TrainConfig:
        return OmegaConf.structured(schema)
    architecture = get_architecture(plain.get("model", {}).get("name"))
    return OmegaConf.structured(TrainConfig(model=architecture.config()))


def expand_choices(overrides: Sequence[str]) -> list[tuple[str, ...]]:
    """Every combination of settings that have several values: [model=rvc,diffsvc, seed=0] -> (model=rvc, seed=0), ...

    Raises:
        ConfigError: If a setting is not in Hydra's grammar, or is one of Hydra's own.
    """
    try:
        parsed = OverridesParser.create().parse_overrides(understand(overrides, TrainConfig, is_sweep=True))
    except HydraException as error:
        raise ConfigError(explain(error, TrainConfig)) from error
    choices: list[list[str]] = []
    for override in parsed:
        if override.is_hydra_override():
            raise ConfigError(f"{override.input_line}: a sweep takes settings of train.py, none of Hydra's own.")
        several = override.is_sweep_override()
        values = list(override.sweep_string_iterator()) if several else [override.get_value_element_as_str()]
        deletes = override.is_delete() and override.value() is None
        key = override.get_key_element()
        choices.append([key if deletes else f"{key}={value}" for value in values])
    return list(product(*choices))


def compose_runs(conf: Path, runs: Sequence[Sequence[str]]) -> list[TrainConfig]:
    """The settings of runs of train.py, checked.

    Raises:
        ConfigError: If some are not valid; of several runs it says for each mistake in which.
    """
    prepare()
    understood = [understand(overrides, TrainConfig, conf) for overrides in runs]  # all keys, before any composition
    names = [" ".join(overrides) for overrides in understood]
    with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
        return each_checked(understood, names, lambda overrides: _compose(overrides, TrainConfig))


def compose_inference(conf: Path, overrides: Sequence[str]) -> InferConfig:
    """The settings of infer.py, checked.

    Raises:
        ConfigError: If they are not valid.
    """
    prepare()
    with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
        return _compose(understand(overrides, InferConfig, conf), InferConfig)


def _compose(overrides: Sequence[str], schema: type[Settings]) -> Settings:
    name = entry_of(schema)
    try:
        config = compose(name, overrides=list(overrides))
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise ConfigError(explain(error, schema, overrides)) from error
    return typed(config, schema)
