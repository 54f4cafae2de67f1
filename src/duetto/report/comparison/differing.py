"""Titles runs by the settings in which they differ: a signature says nothing to a reader."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from duetto.report.collect import RunRecord, section

MOST_SHOWN = 3  # settings in a title
APART = (  # settings that affect no result
    "name",
    "logs",
    "stale",
    "logger",
    "eval",
    "data.root",
    "data.path",
    "data.workers",
    "trainer.accelerator",
    "trainer.precision",
    "trainer.num_threads",
    "trainer.devices",
    "trainer.nodes",
    "trainer.log_every_steps",
    "trainer.checkpoint_every_steps",
    "preprocess.keep_intermediates",
)


def with_differences(runs: Sequence[RunRecord]) -> tuple[RunRecord, ...]:
    """The runs, each with its values of the settings in which runs of its architecture differ."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    values = [{key: value for key, value in flat(section(run.facts, "config")).items() if counts(key)} for run in runs]
    for run, own in zip(runs, values, strict=True):
        groups.setdefault(kind(run), []).append(own)
    said = [say(own, differing(groups[kind(run)])) for run, own in zip(runs, values, strict=True)]
    taken = Counter((kind(run), text) for run, text in zip(runs, said, strict=True) if text)
    return tuple(
        replace(run, differs=f"{text}, {str(run.facts.get('signature'))[:4]}" if taken[kind(run), text] > 1 else text)
        for run, text in zip(runs, said, strict=True)
    )


def kind(run: RunRecord) -> tuple[str, str]:
    """Architecture and size, within which settings are compared."""
    return str(run.facts.get("model")), str(run.facts.get("size"))


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted key."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        key = f"{prefix}{name}"
        found |= flat(value, f"{key}.") if isinstance(value, Mapping) else {key: value}
    return found


def counts(key: str) -> bool:
    """Whether a setting can be the cause of a difference."""
    return not any(key == each or key.startswith(f"{each}.") for each in APART)


def differing(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Keys that all have and whose values are not the same; settings that earlier versions lacked are no difference."""
    first, *rest = settings
    return [key for key in first if all(key in own for own in rest) and any(own[key] != first[key] for own in rest)]


def say(own: Mapping[str, Any], keys: Sequence[str]) -> str:
    """A run's values of some settings, such as "max_minutes 20, seed 1"."""
    wanted = [key for key in keys if not key.startswith("preprocess.steps.")] or list(keys)
    shown = [f"{key.rpartition('.')[2]} {_short(own.get(key))}" for key in wanted[:MOST_SHOWN]]
    return ", ".join(shown) + (", …" if len(wanted) > MOST_SHOWN else "")


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)[:24]
