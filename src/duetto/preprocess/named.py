"""Which classes the settings of a preprocessing may name: our steps, and nothing else that could be called."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

STEP_PACKAGE = "duetto.preprocess.steps."
TARGET = "_target_"


def foreign_targets(settings: Any) -> Iterator[str]:
    """Every `_target_` of a step's settings, at any depth, that is no step of ours; empty text where it has none."""
    own = settings.get(TARGET) if isinstance(settings, Mapping) else None
    yield from (str(target or "") for target in (own, *_targets(settings)) if not _is_step(target))


def _targets(settings: Any) -> Iterator[Any]:
    if isinstance(settings, Mapping):
        yield from (value for key, value in settings.items() if key == TARGET)
        settings = list(settings.values())
    for value in settings if isinstance(settings, list) else ():
        yield from _targets(value)


def _is_step(target: Any) -> bool:
    """Whether it is a class of that package, and neither a function nor what its modules import."""
    module, _, name = str(target).rpartition(".")
    if not module.startswith(STEP_PACKAGE) or not module.removeprefix(STEP_PACKAGE).isidentifier():
        return False
    found = getattr(import_module(module), name, None) if find_spec(module) is not None else None
    return isinstance(found, type) and found.__module__ == module and hasattr(found, "apply")
