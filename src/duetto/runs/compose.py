"""From YAML files and overrides to checked settings: schemas, resolvers, composition.

A `DictConfig` ends here: the functions return validated dataclasses. No slow module is imported, so that a misspelt key
stops within two seconds.
"""

from collections.abc import Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from duetto.architectures.registry import architectures
from duetto.errors import ConfigError
from duetto.progress import ReportProgress
from duetto.runs.choices import register_choices
from duetto.runs.command_line.explain import explain
from duetto.runs.command_line.known import entry_of, known_settings
from duetto.runs.command_line.understand import understand
from duetto.runs.mistakes import each_checked
from duetto.runs.typed import Settings, checked, on_schema, typed
from duetto.settings.model_config import ModelConfig
from duetto.settings.run_config import InferConfig, TrainConfig


class ArchitectureFiles(SearchPathPlugin):
    """Lets Hydra find the configuration files in the folders of architectures."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append the folders of architectures to the search path, after the package's own."""
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
    register_choices()


def expand_choices(overrides: Sequence[str]) -> list[tuple[str, ...]]:
    """All combinations of settings with several values: [model=rvc,diffsvc, seed=0] -> (model=rvc, seed=0), ...

    Raises:
        ConfigError: If a setting is not in Hydra's grammar, or is one of Hydra's own settings.
    """
    try:
        parsed = OverridesParser.create().parse_overrides(understand(overrides, TrainConfig, is_sweep=True))
    except HydraException as error:
        raise ConfigError(explain(error, TrainConfig)) from error
    choices: list[list[str]] = []
    for override in parsed:
        if override.is_hydra_override():
            raise ConfigError(f"{override.input_line}: a sweep accepts settings of train.py only, not Hydra's own.")
        several = override.is_sweep_override()
        values = list(override.sweep_string_iterator()) if several else [override.get_value_element_as_str()]
        deletes = override.is_delete() and override.value() is None
        key = override.get_key_element()
        choices.append([key if deletes else f"{key}={value}" for value in values])
    return list(product(*choices))


def compose_runs(
    conf: Path, runs: Sequence[Sequence[str]], report: ReportProgress = lambda text, done, total: None
) -> list[TrainConfig]:
    """The checked settings of runs of train.py.

    Args:
        conf: Folder of the configuration.
        runs: Overrides of each run, as typed.
        report: Called with (current work, number done, total).

    Raises:
        ConfigError: If settings are invalid; with several runs, names the affected runs for each mistake.
    """
    prepare()
    given = list(dict.fromkeys(each for overrides in runs for each in overrides))
    meant = dict(zip(given, understand(given, TrainConfig, conf), strict=True))  # all keys, before any composition
    understood = [[meant[each] for each in overrides] for overrides in runs]
    names = [" ".join(overrides) for overrides in understood]
    with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
        if len(understood) == 1:
            return [_compose(understood[0], TrainConfig)]
        return each_checked(understood, names, SharedComposition(conf, report, len(runs)))


def compose_inference(conf: Path, overrides: Sequence[str]) -> InferConfig:
    """The checked settings of infer.py.

    Raises:
        ConfigError: If they are not valid.
    """
    prepare()
    with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
        return _compose(understand(overrides, InferConfig, conf), InferConfig)


class SharedComposition:
    """Composes runs; those that differ only in plain values share one composition, into which the values are set."""

    def __init__(self, conf: Path, report: ReportProgress, num_runs: int) -> None:
        """Prepare without composing.

        Args:
            conf: Folder of the configuration; its subfolders are groups, whose options decide what is composed.
            report: Called with (current work, number done, total).
            num_runs: Total number of runs.
        """
        self.conf = conf
        self.report, self.done, self.num_runs = report, 0, num_runs
        self.known = known_settings(TrainConfig)
        self.parsed: dict[str, Override] = {}
        self.made: dict[tuple[str, ...], DictConfig] = {}

    def __call__(self, overrides: Sequence[str]) -> TrainConfig:
        """The checked settings of one run.

        Raises:
            ConfigError: If they are not valid.
        """
        self.report("Reading settings", self.done, self.num_runs)
        self.done += 1
        try:
            values = self._plain_values(overrides)
            kind = (*(each for each in overrides if key_of(each) not in values), *sorted(values))
            if kind not in self.made:
                self.made[kind] = self._composed(overrides)
            for key, value in values.items():
                OmegaConf.update(self.made[kind], key, value, merge=True)
            return checked(OmegaConf.to_object(self.made[kind]), TrainConfig)
        except (HydraException, OmegaConfBaseException, ConfigError):
            return _compose(overrides, TrainConfig)  # raises the same error as for a single run

    def _composed(self, overrides: Sequence[str]) -> DictConfig:
        config = compose(entry_of(TrainConfig), overrides=list(overrides))
        return on_schema(OmegaConf.to_container(config, resolve=False), TrainConfig)

    def _plain_values(self, overrides: Sequence[str]) -> dict[str, Any]:
        """Values of settings that are not group options, which do not affect the composition."""
        parsed = [self._parse(each) for each in overrides]
        return {
            each.get_key_element(): each.value()
            for each in parsed
            if each.type is OverrideType.CHANGE and self._is_plain(each.get_key_element())
        }

    def _parse(self, override: str) -> Override:
        if override not in self.parsed:
            self.parsed[override] = OverridesParser.create().parse_override(override)
        return self.parsed[override]

    def _is_plain(self, key: str) -> bool:
        return key in self.known and key != "model.name" and not (self.conf / key).is_dir()


def key_of(override: str) -> str:
    """The text before the first equals sign."""
    return override.split("=", 1)[0]


def _compose(overrides: Sequence[str], schema: type[Settings]) -> Settings:
    name = entry_of(schema)
    try:
        config = compose(name, overrides=list(overrides))
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise ConfigError(explain(error, schema, overrides)) from error
    return typed(config, schema)
