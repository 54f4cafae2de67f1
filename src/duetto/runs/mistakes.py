"""Several runs checked one by one, all mistakes told at once: a sweep of twelve hours does not fail at its eleventh."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from duetto.errors import ConfigError, DuettoError

Given = TypeVar("Given")
Made = TypeVar("Made")
SHOWN = 3  # runs that are named beside a mistake


def each_checked(runs: Sequence[Given], names: Sequence[str], check: Callable[[Given], Made]) -> list[Made]:
    """What a check gives for every run.

    Args:
        runs: What is checked.
        names: What each is called, as it was typed.
        check: Raises a `DuettoError` where a run cannot be made.

    Raises:
        DuettoError: If there is one run, as it is.
        ConfigError: If there are several, with each mistake once and the runs that have it.
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
    return f"{sum(map(len, mistakes.values()))} of {num_runs} runs cannot be made; none was begun.{''.join(lines)}"
