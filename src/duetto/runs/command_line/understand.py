"""Settings as a person types them, made ready for Hydra: present names, paths and names quoted."""

from collections.abc import Sequence

from duetto.renamed import current_overrides
from duetto.runs.command_line.known import known_settings
from duetto.runs.command_line.literal import quote_literals
from duetto.settings.run_config import InferConfig, TrainConfig


def understand(overrides: Sequence[str], schema: type[TrainConfig | InferConfig], is_sweep: bool = False) -> list[str]:
    """`KEY=VALUE`, as a shell hands them over, in Hydra's grammar; what it understood already stays as it is.

    Args:
        overrides: As typed.
        schema: Of the entry point that they are for.
        is_sweep: Whether `a,b` asks for two runs.
    """
    return quote_literals(current_overrides(overrides), known_settings(schema), is_sweep)
