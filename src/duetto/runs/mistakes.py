"""Checks several runs and reports all mistakes at once, so that a sweep does not fail after hours."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from duetto.errors import ConfigError, DuettoError

Given = TypeVar("Given")
Made = TypeVar("Made")
SHOWN = 3  # maximum number of runs named with a mistake


def each_checked(runs: Sequence[Given], names: Sequence[str], check: Callable[[Given], Made]) -> list[Made]:
    """The results of a check, one for each run.

    Args:
        runs: Runs to check.
        names: Name of each run, as typed.
        check: Raises a `DuettoError` if a run is impossible.

    Raises:
        DuettoError: If the only run is impossible, as the check raised it.
        ConfigError: If any of several runs is impossible; lists each mistake once with its runs.
    """
    if len(runs) == 1:
        return [check(runs[0])]
    made, mistakes = list[Made](), dict[str, list[str]]()
    for run, name in zip(runs, names, strict=True):
        try:
            made.append(check(run))
        except DuettoError as error:
            mistakes.setdefault(str(error), []).append(name)
    if mistakes:
        raise ConfigError(_told(mistakes, len(runs)))
    return made


def _told(mistakes: Mapping[str, Sequence[str]], num_runs: int) -> str:
    lines = [
        f"\n  {sentence} (in {'; '.join(runs[:SHOWN])}{f' and {len(runs) - SHOWN} more' if len(runs) > SHOWN else ''})"
        for sentence, runs in mistakes.items()
    ]
    return f"{sum(map(len, mistakes.values()))} of {num_runs} runs are not possible; none was started.{''.join(lines)}"
