"""Prepares typed settings for Hydra: old names are replaced, keys checked, paths and names quoted."""

from collections.abc import Sequence
from pathlib import Path

from duetto.renamed import current_overrides
from duetto.runs.command_line.check import check_overrides
from duetto.runs.command_line.known import Schema, known_settings
from duetto.runs.command_line.literal import quote_literals


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
    return quote_literals(present, known_settings(schema), is_sweep)
