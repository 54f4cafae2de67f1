"""Checks settings of preprocessing steps against the source text of their classes, without importing them."""

import ast
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

from duetto.errors import ConfigError
from duetto.runs.command_line.nearest import did_you_mean

STEP_PACKAGE = "duetto.preprocess.steps."
TARGET = "_target_"
EXPECTED = {"float": "a number", "int": "a whole number", "bool": "true or false", "str": "a text"}
TYPES = {"float": (int, float), "int": (int,), "bool": (bool,), "str": (str,)}  # by annotation; others are unchecked


def check_step_settings(steps: Mapping[str, Any]) -> None:
    """Refuse an unknown step, an unknown parameter, and a value of the wrong type.

    Raises:
        ConfigError: If a setting is invalid; names the step and the nearest parameter.
    """
    for name, settings in steps.items():
        place = f"preprocess.steps.{name}"
        if not isinstance(settings, Mapping) or TARGET not in settings:
            raise ConfigError(f"{place}: there is no such step in this chain.{did_you_mean(name, set(steps) - {name})}")
        parameters = parameters_of(str(settings[TARGET]), place)
        for parameter, value in settings.items():
            if parameter != TARGET:
                _check(f"{place}.{parameter}", parameter, value, parameters)


def _check(key: str, parameter: str, value: Any, parameters: Mapping[str, str]) -> None:
    if parameter not in parameters:
        meant = did_you_mean(parameter, parameters)
        raise ConfigError(f"{key}: this step has no such setting.{meant} It has {', '.join(parameters)}.")
    annotation = parameters[parameter].removesuffix(" | None")
    if value is None and annotation != parameters[parameter]:
        return
    allowed = TYPES.get(annotation)
    is_bool = isinstance(value, bool)  # a bool is an int in Python
    if allowed is not None and (not isinstance(value, allowed) or (is_bool and annotation != "bool")):
        raise ConfigError(f"{key}={value}: expected {EXPECTED[annotation]}.")


@cache
def parameters_of(target: str, place: str = "preprocess.steps") -> Mapping[str, str]:
    """The parameters of a step's class by name, with their annotations.

    Raises:
        ConfigError: If the target is not the class of a step.
    """
    module, _, name = target.rpartition(".")
    spec = find_spec(module) if f"{target}".startswith(STEP_PACKAGE) and module.count(".") == 3 else None
    if spec is None or spec.origin is None:
        raise ConfigError(f"{place}: {TARGET} has to be a class in {STEP_PACKAGE}*, not {target!r}.")
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name and _is_step(node):
            fields = [
                each for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
            ]
            named = {
                each.target.id: ast.unparse(each.annotation) for each in fields if isinstance(each.target, ast.Name)
            }
            return MappingProxyType({key: text for key, text in named.items() if not text.startswith("ClassVar")})
    raise ConfigError(f"{place}: {TARGET} has to be a class in {STEP_PACKAGE}*, not {target!r}.")


def _is_step(node: ast.ClassDef) -> bool:
    return any(isinstance(each, ast.FunctionDef) and each.name == "apply" for each in node.body)
