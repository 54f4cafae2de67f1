"""Settings as a person types them, made ready for Hydra: present names, checked keys, paths and names quoted."""

from collections.abc import Sequence
from pathlib import Path

from duetto.renamed import current_overrides
from duetto.runs.command_line.check import check_overrides
from duetto.runs.command_line.known import Schema, known_settings
from duetto.runs.command_line.literal import quote_literals


def understand(overrides: Sequence[str], schema: Schema, conf: Path | None = None, is_sweep: bool = False) -> list[str]:
    """`KEY=VALUE`, as a shell hands them over, in Hydra's grammar; what it understood already stays as it is.

    Args:
        overrides: As typed.
        schema: Of the entry point that they are for.
        conf: Where the options of groups lie; None = they are not checked.
        is_sweep: Whether `a,b` asks for two runs.

    Raises:
        ConfigError: If a setting, a group or an option does not exist; names the nearest.
    """
    present = check_overrides(current_overrides(overrides), schema, conf)
    return quote_literals(present, known_settings(schema), is_sweep)
