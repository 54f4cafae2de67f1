"""All settings of the schemas, by dotted key."""

from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, fields, is_dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, get_type_hints

from duetto.architectures.registry import architectures
from duetto.settings.kinds import KIND
from duetto.settings.run_config import InferConfig, TrainConfig

Schema = type[TrainConfig] | type[InferConfig]
MODEL = "model"  # the group whose schema depends on the architecture
ENTRIES: Mapping[str, Schema] = MappingProxyType({"train": TrainConfig, "infer": InferConfig})  # by name of the script


@dataclass(frozen=True)
class Setting:
    """A leaf of a schema: its key, type and kind."""

    key: str  # dotted
    type: Any
    kind: str  # one of `duetto.settings.kinds`; empty if unmarked


def known_settings(schema: Schema) -> Mapping[str, Setting]:
    """The settings of an entry point by key; `model` holds those of every architecture."""
    models = tuple(each.config for each in architectures().values()) if schema is TrainConfig else ()
    return _known(entry_of(schema), models)


def entry_of(schema: Schema) -> str:
    """The entry point whose settings a schema describes."""
    return next(name for name, each in ENTRIES.items() if each is schema)


@cache
def _known(entry: str, models: tuple[Any, ...]) -> Mapping[str, Setting]:
    found = settings_of(ENTRIES[entry], "")
    for model in models:
        found |= settings_of(model, f"{MODEL}.")
    return MappingProxyType(found)


def settings_of(schema: type[Any], prefix: str) -> dict[str, Setting]:
    """The settings of a dataclass and of those within it, by dotted key behind the prefix."""
    return {each.key: each for each in _leaves(schema, prefix)}


def _leaves(schema: type[Any], prefix: str) -> Iterator[Setting]:
    types = get_type_hints(schema)
    for each in fields(schema):
        inner = _nested(each)
        if inner is not None:
            yield from _leaves(inner, f"{prefix}{each.name}.")
        else:
            yield Setting(f"{prefix}{each.name}", types[each.name], str(each.metadata.get(KIND, "")))


def _nested(each: Field[Any]) -> type[Any] | None:
    factory = each.default_factory
    return factory if isinstance(factory, type) and is_dataclass(factory) else None


def expected(setting: Setting | None) -> str:
    """The values that a setting accepts, in words; None stands for a parent of several settings."""
    if setting is None:
        return "settings below it, such as KEY.part=value"
    text = str(setting.type)
    for name, phrase in (
        ("list", "a list, such as [a,b]"),
        ("dict", "settings below it"),
        ("int", "a whole number"),
        ("float", "a number"),
        ("bool", "true or false"),
    ):
        if name in text:
            return phrase + (", or null" if "None" in text else "")
    return "a text"
