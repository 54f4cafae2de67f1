"""Allowed values of settings: fixed names, and bounds of numbers."""

from collections.abc import Sequence
from math import inf

from duetto.errors import ConfigError

CASES = (
    "case_a",
    "case_b",
    "case_c",
    "case_d",
    "case_n",
    "choir",
    "ddb",
    "ensemble",
    "folder",
    "folder_vsqx",
    "mix",
)  # of data.case
TIMINGS = ("centred", "upstream", "upstream_units")  # grids of content and pitch, see features/timing.py
SAMPLERS = (  # of Diff-SVC's diffusion, see architectures/diffsvc/sampling.py
    "unipc",
    "dpm_solver_pp",
    "pndm",
    "ddim",
    "unipc_uniform",
    "dpm_solver_pp_uniform",
    "dpm_solver_uniform",
    "pndm_upstream",
    "ddim_upstream",
    "ddpm",
)
MAX_SEED = 2**63 - 1


def require_within(name: str, value: float, low: float, high: float = inf, meaning: str = "") -> None:
    """Refuse NaN and numbers outside the bounds.

    Args:
        name: Name of the setting.
        value: Its value.
        low: Lowest allowed value.
        high: Highest allowed value; infinite = no bound.
        meaning: Meaning of the lowest value, if it has a special one.

    Raises:
        ConfigError: Unless low <= value <= high.
    """
    if not low <= value <= high:
        lowest = f"{low:g} ({meaning})" if meaning else f"{low:g}"
        raise ConfigError(f"{name}={value:g}: expected {lowest} {'or more' if high == inf else f'to {high:g}'}.")


def one_of(names: Sequence[str]) -> str:
    """The names as a list in a sentence: "a, b or c"."""
    return f"{', '.join(names[:-1])} or {names[-1]}"
