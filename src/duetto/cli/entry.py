"""The entry points `train.py` and `infer.py`: from Hydra's configuration to typed functions.

Slow libraries are imported inside the functions, after the settings are checked.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from duetto.cli.help import print_help, wants_help
from duetto.errors import AudioError, ConfigError, report_errors
from duetto.runs.command_line.check import refuse_options
from duetto.runs.command_line.explain import explain
from duetto.runs.command_line.known import ENTRIES
from duetto.runs.command_line.understand import understand
from duetto.runs.compose import prepare
from duetto.runs.typed import typed
from duetto.settings.conf_files import conf_folder
from duetto.settings.run_config import InferConfig, TrainConfig

SEARCH_PATH = "hydra.searchpath"


def start(main: Callable[[], Any], name: str) -> None:
    """Print the help of NAME.py, or pass its checked settings to its Hydra main in Hydra's grammar."""
    if wants_help(sys.argv[1:]):
        print_help(conf_folder(), name, sys.argv[1:])
        return
    prepare()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # makes Hydra raise its errors instead of printing them
    with report_errors():
        sys.argv[1:] = hydra_arguments(sys.argv[1:], name)
        try:
            main()
        except (HydraException, OmegaConfBaseException, yaml.YAMLError) as error:
            raise ConfigError(explain(error, ENTRIES[name])) from error


def hydra_arguments(arguments: Sequence[str], name: str) -> list[str]:
    """The command line of NAME.py for Hydra's main: Hydra's own options, then settings.

    Raises:
        ConfigError: If an option, a setting, a group or one of its options does not exist.
    """
    options, rest = get_args_parser().parse_known_args(list(arguments))
    refuse_options([each for each in rest if each.startswith("-")], name)
    typed_ones = [*options.overrides, *rest]
    has_other_files = options.config_dir or options.config_path or any(o.startswith(SEARCH_PATH) for o in typed_ones)
    conf = None if has_other_files else conf_folder()
    flags = list(arguments)
    for each in typed_ones:
        flags.remove(each)
    return [*flags, *understand(typed_ones, ENTRIES[name], conf, is_sweep=bool(options.multirun))]


def run_from_hydra(config: DictConfig) -> dict[str, Any]:
    """Call `run_training` for Hydra; in a multirun, an error ends only this run."""
    is_multirun = HydraConfig.get().mode == RunMode.MULTIRUN
    with report_errors(is_last=not is_multirun):
        if is_multirun:
            refuse_several_starts()
        return run_training(config)


def refuse_several_starts() -> None:
    """Refuse a multirun of which torchrun or srun started several: each would train all runs.

    Raises:
        ConfigError: If so.
    """
    from duetto.training.place import told_by_starter

    place = told_by_starter(os.environ)
    if place is not None and place.world > 1:
        raise ConfigError(
            f"{place.started_by} started {place.world} processes of one multirun (-m). Start it once, with "
            f"trainer.devices={place.local_world}: each run then starts its own."
        )


def run_training(config: DictConfig) -> dict[str, Any]:
    """Train, convert, score and write the page of one run; a finished run only shows its results."""
    settings = typed(config, TrainConfig)
    from duetto.runs.named import check_named

    check_named(settings)
    from duetto.runs.complete import complete_run

    return complete_run(settings, Console())


def run_inference(config: DictConfig) -> None:
    """Convert the named recordings with a trained run."""
    convert_recordings(typed(config, InferConfig), Console())


def require_sources(settings: InferConfig, paths: Sequence[Path]) -> None:
    """Refuse a conversion of recordings of which none is there; one of several is told in the closing table.

    Raises:
        AudioError: If so.
    """
    if not any(path.exists() for path in paths):
        raise AudioError(f"source={settings.source}: there is no such file. Correct the path: source=FOLDER/song.wav.")


def convert_recordings(settings: InferConfig, console: Console) -> None:
    """Convert recordings or a song; a missing run is reported before the networks are imported."""
    from duetto.conversion.sources import expand_sources
    from duetto.features.trackers.registry import find_tracker
    from duetto.runs.named import check_conversion_files
    from duetto.voices.find import choose_place

    is_song = settings.wants_song()
    if not is_song:
        require_sources(settings, expand_sources(settings.sources()))
    if settings.f0_method is not None:
        find_tracker(settings.f0_method, "f0_method")
    choose_place(settings)
    check_conversion_files(settings)
    if is_song:
        from duetto.runs.song import convert_song

        convert_song(settings, console)
        return
    from duetto.runs.infer import infer

    infer(settings, console)
