"""Every setting there is, by its dotted key, as the schemas have it."""

from collections.abc import Iterator
from dataclasses import Field, dataclass, fields, is_dataclass
from typing import Any, get_type_hints

from duetto.architectures.registry import architectures
from duetto.settings.kinds import KIND
from duetto.settings.run_config import InferConfig, TrainConfig

MODEL = "model"  # the group whose schema depends on the architecture


@dataclass(frozen=True)
class Setting:
    """A leaf of a schema."""

    key: str  # dotted
    type: Any
    kind: str  # of `duetto.settings.kinds`; empty without a mark


def known_settings(schema: type[TrainConfig | InferConfig]) -> dict[str, Setting]:
    """The settings of an entry point by key; those of every architecture under `model`."""
    found = {each.key: each for each in _leaves(schema, "")}
    if schema is TrainConfig:
        for architecture in architectures().values():
            found |= {each.key: each for each in _leaves(architecture.config, f"{MODEL}.")}
    return found


def _leaves(schema: type[Any], prefix: str) -> Iterator[Setting]:
    types = get_type_hints(schema)
    for each in fields(schema):
        inner = _nested(each)
        if inner is not None:
            yield from _leaves(inner, f"{prefix}{each.name}.")
        else:
            yield Setting(f"{prefix}{each.name}", types[each.name], str(each.metadata.get(KIND, "")))


def _nested(each: "Field[Any]") -> type[Any] | None:
    factory = each.default_factory
    return factory if isinstance(factory, type) and is_dataclass(factory) else None
