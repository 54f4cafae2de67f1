"""The runs of a sweep: its file, the settings with several values, and a name for each combination.

A sweep file, conf/sweep/NAME.yaml, is a named list of command lines: each line of `runs` is what one would type after
`python sweep.py`, and the sweep is the union of their combinations.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from duetto.errors import ConfigError
from duetto.runs.compose import expand_choices

FORM = "expected `about: ...` and `runs:` with a list of lines such as `model=rvc,diffsvc data=case_a,case_b`"


@dataclass(frozen=True)
class Arm:
    """One run of a sweep: its name and its settings of train.py."""

    name: str
    overrides: tuple[str, ...]


@dataclass(frozen=True)
class SweepFile:
    """A sweep read from its file."""

    about: str
    runs: tuple[str, ...]  # command lines


def sweep_names(conf: Path) -> list[str]:
    """Names of the sweeps that have a file."""
    return sorted(path.stem for path in (conf / "sweep").glob("*.yaml"))


def read_sweep(conf: Path, name: str) -> SweepFile:
    """Read conf/sweep/NAME.yaml.

    Raises:
        ConfigError: If there is no such file, or it does not have this form.
    """
    if name not in sweep_names(conf):
        raise ConfigError(f"sweep={name}: there is no such sweep. Choose from {', '.join(sweep_names(conf))}.")
    path = conf / "sweep" / f"{name}.yaml"
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid YAML ({str(error).splitlines()[0]}); {FORM}.") from error
    if not isinstance(value, dict) or set(value) != {"about", "runs"}:
        raise ConfigError(f"{path}: {FORM}.")
    about, runs = value["about"], value["runs"]
    if (
        not isinstance(about, str)
        or not isinstance(runs, list)
        or not runs
        or not all(isinstance(r, str) for r in runs)
    ):
        raise ConfigError(f"{path}: {FORM}.")
    return SweepFile(about, tuple(runs))


def grid_arms(lines: Sequence[str], extra: Sequence[str] = ()) -> list[Arm]:
    """The combinations of command lines, each followed by further settings.

    Returns:
        Arms named by the settings that differ, such as `model=rvc data=case_a`.

    Raises:
        ConfigError: If a line is not in Hydra's grammar, or a combination occurs twice.
    """
    combinations = [each for line in lines for each in expand_choices([*split_line(line), *extra])]
    if len(set(combinations)) < len(combinations):
        raise ConfigError("A combination is in the sweep twice. Remove one.")
    everywhere = set(combinations[0]).intersection(*map(set, combinations))
    return [Arm(" ".join(o for o in each if o not in everywhere) or "the run", each) for each in combinations]


def with_extra(arms: Sequence[Arm], extra: Sequence[str]) -> list[Arm]:
    """Append further settings to named arms; settings with several values multiply the arms."""
    several = expand_choices(extra)
    if len(several) == 1:
        return [Arm(arm.name, (*arm.overrides, *extra)) for arm in arms]
    varied = grid_arms([""], extra)
    return [Arm(f"{arm.name} {more.name}", (*arm.overrides, *more.overrides)) for arm in arms for more in varied]


def split_line(line: str) -> list[str]:
    """Split a command line into its settings.

    Raises:
        ConfigError: If a quote is not closed.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        raise ConfigError(f"`{line}`: {error}.") from error
