"""Restricts the classes that preprocessing settings may name to our steps."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

STEP_PACKAGE = "duetto.preprocess.steps."
TARGET = "_target_"


def foreign_targets(settings: Any) -> Iterator[str]:
    """Every `_target_` in a step's settings, at any depth, that is not one of our steps; "" if there is none."""
    own = settings.get(TARGET) if isinstance(settings, Mapping) else None
    yield from (str(target or "") for target in (own, *_targets(settings)) if not _is_step(target))


def _targets(settings: Any) -> Iterator[Any]:
    if isinstance(settings, Mapping):
        yield from (value for key, value in settings.items() if key == TARGET)
        settings = list(settings.values())
    for value in settings if isinstance(settings, list) else ():
        yield from _targets(value)


def _is_step(target: Any) -> bool:
    """Whether it is a class defined in that package, not a function or an imported name."""
    module, _, name = str(target).rpartition(".")
    if not module.startswith(STEP_PACKAGE) or not module.removeprefix(STEP_PACKAGE).isidentifier():
        return False
    found = getattr(import_module(module), name, None) if find_spec(module) is not None else None
    return isinstance(found, type) and found.__module__ == module and hasattr(found, "apply")
