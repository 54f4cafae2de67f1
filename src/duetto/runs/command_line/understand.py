"""Prepares typed settings for Hydra: old names are replaced, keys checked, paths and names quoted."""

import re
from collections.abc import Sequence
from pathlib import Path

from duetto.errors import ConfigError
from duetto.renamed import current_overrides
from duetto.runs.command_line.check import check_overrides
from duetto.runs.command_line.known import Schema, known_settings
from duetto.runs.command_line.literal import quote_literals
from duetto.settings.logger_config import LOGGERS

BOTH = "logger=[wandb,tensorboard]"
LOGGER_LIST = re.compile(r"logger=\[(.*)\]")


def understand(overrides: Sequence[str], schema: Schema, conf: Path | None = None, is_sweep: bool = False) -> list[str]:
    """Rewrite `KEY=VALUE`, as the shell passes it, in Hydra's grammar; applying it twice changes nothing.

    Args:
        overrides: Settings as typed.
        schema: Schema of their entry point.
        conf: Folder with the options of groups; None = options are not checked.
        is_sweep: Whether `a,b` means two runs.

    Raises:
        ConfigError: If a setting, a group or an option does not exist; names the nearest ones.
    """
    present = check_overrides(current_overrides(overrides), schema, conf)
    return quote_literals([_one_logger(each) for each in present], known_settings(schema), is_sweep)


def _one_logger(override: str) -> str:
    """`logger=[wandb,tensorboard]` as the option that is both; Hydra itself would take the last one alone."""
    found = LOGGER_LIST.fullmatch(override)
    if found is None:
        return override
    wanted = {name.strip().strip("'\"") for name in found[1].split(",")} - {""}
    option = next((name for name, trackers in LOGGERS.items() if set(trackers) == wanted and wanted), None)
    if option is None:
        raise ConfigError(f"{override}: expected trackers among wandb and tensorboard, such as {BOTH}; or logger=none.")
    return f"logger={option}"
