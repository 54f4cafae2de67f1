"""What Hydra's entry points call: `train.py` and `infer.py`, from a composed configuration to typed functions.

Heavy libraries are imported inside the functions, after the settings were checked.
"""

import sys
from collections.abc import Callable
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig
from rich.console import Console

from duetto.cli.help import help_text, wants_help
from duetto.errors import report_errors
from duetto.runs.command_line.understand import understand
from duetto.runs.compose import prepare, typed
from duetto.settings.conf_files import conf_folder
from duetto.settings.run_config import InferConfig, TrainConfig

SCHEMAS: dict[str, type[TrainConfig | InferConfig]] = {"train": TrainConfig, "infer": InferConfig}
MULTIRUN_FLAGS = {"-m", "--multirun"}


def start(main: Callable[[], Any], name: str) -> None:
    """Print the help of NAME.py, or hand its settings, as Hydra reads them, to its Hydra main."""
    if wants_help(sys.argv[1:]):
        sys.stdout.write(help_text(conf_folder(), name))
        return
    prepare()
    arguments, is_multirun = sys.argv[1:], bool(MULTIRUN_FLAGS & set(sys.argv[1:]))
    sys.argv[1:] = understand(arguments, SCHEMAS[name], is_multirun)
    main()


def run_from_hydra(config: DictConfig) -> dict[str, Any]:
    """`run_training` as Hydra calls it; in a multirun an error ends this run and not the others."""
    with report_errors(is_last=HydraConfig.get().mode != RunMode.MULTIRUN):
        return run_training(config)


def run_training(config: DictConfig) -> dict[str, Any]:
    """Train, convert, score and write the page of one run; a finished run is only shown."""
    settings = typed(config, TrainConfig)
    from duetto.runs.complete import complete_run

    return complete_run(settings, Console())


def run_inference(config: DictConfig) -> None:
    """Convert the named recordings with a trained run."""
    settings = typed(config, InferConfig)
    from duetto.runs.infer import infer

    infer(settings, Console())
