"""The glue between Hydra's entry points and the typed functions below: schemas, errors, order of stations.

A `DictConfig` ends here. Heavy libraries are imported inside the functions, after the settings were
checked, so that a misspelt key stops within two seconds.
"""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from duetto.driver import has_cuda_driver
from duetto.errors import ConfigError, DuettoError
from duetto.model_config import MODEL_SCHEMAS
from duetto.run_config import InferConfig, TrainConfig

Schema = TypeVar("Schema", TrainConfig, InferConfig)
FLAGSHIP_SIZES = {"rvc": "v2_40k", "diffsvc": "44k", "vocoder": "44k"}
EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130


def prepare() -> None:
    """Register the schemas and resolvers that the YAML files name. Call once, before Hydra's main."""
    store = ConfigStore.instance()
    store.store(name="base_train", node=TrainConfig)
    store.store(name="base_infer", node=InferConfig)
    for name, model in MODEL_SCHEMAS.items():
        store.store(group="model", name=f"base_{name}", node=model)
    OmegaConf.register_new_resolver("duetto.shape", resolve_shape, replace=True)


def resolve_shape(model: str, size: str) -> str:
    """Name of the file below conf/shape; `auto` is compact without a CUDA device, the flagship shape with one."""
    if size == "auto":
        size = FLAGSHIP_SIZES[model] if has_cuda_driver() else "compact"
    return f"{model}_{size}"


def typed(config: DictConfig, schema: type[Schema]) -> Schema:
    """Merge a composed config onto its schema once more, validate it, and return the dataclass.

    Raises:
        ConfigError: On an unknown key, a wrong type, a missing value or a broken rule.
    """
    try:
        plain = OmegaConf.create(OmegaConf.to_container(config, resolve=True))  # a "+key=" hides in a typed config
        merged = OmegaConf.merge(_structure(schema, plain), plain)
        value = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        key = f" ({error.full_key})" if error.full_key else ""
        raise ConfigError(f"{str(error).splitlines()[0]}{key}") from error
    assert isinstance(value, schema)
    value.validate()
    return value


def _structure(schema: type[Schema], plain: Any) -> DictConfig:
    """The schema, with that of the architecture that `model.name` names."""
    if schema is not TrainConfig:
        return OmegaConf.structured(schema)
    name = plain.get("model", {}).get("name")
    if name not in MODEL_SCHEMAS:
        raise ConfigError(f"model.name={name}: expected one of {', '.join(MODEL_SCHEMAS)}.")
    return OmegaConf.structured(TrainConfig(model=MODEL_SCHEMAS[name]()))


def run_training(config: DictConfig) -> dict[str, Any]:
    """Train, convert, score and write the page of one run; a finished run is only shown."""
    settings = typed(config, TrainConfig)
    console = Console()
    from duetto.report.closing import close_run
    from duetto.training.run import train

    run = train(settings, console)
    close_run(run, settings, console)
    return {"run": str(run.folder), "signature": run.signature}


def run_inference(config: DictConfig) -> None:
    """Convert the named recordings with a trained run."""
    settings = typed(config, InferConfig)
    from duetto.conversion.infer import infer

    infer(settings, Console())


@contextmanager
def report_errors() -> Iterator[None]:
    """Print a `DuettoError` as one sentence and exit with status 2; let bugs keep their traceback."""
    try:
        yield
    except DuettoError as error:
        print_error(error)
        sys.exit(EXIT_USER_ERROR)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. A training goes on from its last checkpoint with the same command.\n")
        sys.exit(EXIT_INTERRUPTED)


def print_error(error: DuettoError) -> None:
    """One line on stderr (and the traceback when DUETTO_TRACEBACK is set)."""
    if os.environ.get("DUETTO_TRACEBACK"):
        traceback.print_exception(error)
    sys.stderr.write(f"error: {error}\n")


@dataclass
class SweepLog:
    """What became of each run of a sweep; one failure does not lose the rest."""

    rows: list[tuple[str, str]] = field(default_factory=list)

    def run(self, config: DictConfig) -> None:
        """Run one combination and remember how it ended."""
        label = f"{config.model.name} {config.data.case} preprocess={config.preprocess.name} seed={config.seed}"
        try:
            self.rows.append((label, run_training(config)["run"]))
        except DuettoError as error:
            print_error(error)
            self.rows.append((label, f"failed: {error}"))

    def close(self) -> int:
        """Print the table of runs; the exit status is 1 when any failed."""
        from rich.table import Table

        table = Table("combination", title="Sweep", title_justify="left")
        table.add_column("run folder", overflow="fold")
        for label, outcome in self.rows:
            table.add_row(label, outcome)
        Console().print(table)
        return int(any(outcome.startswith("failed") for _, outcome in self.rows))
