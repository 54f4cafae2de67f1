"""Keys and options of groups, checked before Hydra composes anything: a mistake is one sentence with what was meant."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from duetto.errors import ConfigError
from duetto.renamed import SETTING as OVERRIDE
from duetto.runs.command_line.ecosystem import answer
from duetto.runs.command_line.groups import group_options
from duetto.runs.command_line.known import ENTRIES, Schema, entry_of, known_settings
from duetto.runs.command_line.nearest import did_you_mean
from duetto.settings.conf_files import conf_folder

STEPS = "preprocess.steps."  # below it each step has settings of its own
ELEMENT = re.compile(r"\.\d+$")  # one of a list
HYDRAS = re.compile(r"hydra[./@]|\$|hydra$")
COMPUTED = re.compile(r".*\$\{|\w+\(")  # interpolations and functions: Hydra's
MAY_BE_NULL = frozenset(("experiment",))
FEW = 8  # options that are listed
SWEEPS = frozenset(("sweep", "study", "workers", "plan_only"))  # words of sweep.py alone


def check_overrides(overrides: Sequence[str], schema: Schema, conf: Path | None = None) -> list[str]:
    """Settings in the form that Hydra takes, whatever is in the composition already: no user has to know of `+`.

    Args:
        overrides: `KEY=VALUE`, under present names.
        schema: Of the entry point that they are for.
        conf: Where the options of groups lie; None = they are not checked.

    Raises:
        ConfigError: If a setting, a group or an option does not exist; names the nearest.
    """
    entry = entry_of(schema)
    has_groups = entry == "train"
    groups = group_options(conf_folder() if conf is None else conf) if has_groups else {}
    for override in overrides:
        _check(override, entry, groups, conf is not None)
    return [_in_place(override, schema, groups) for override in overrides]


def refuse_options(options: Sequence[str], entry: str) -> None:
    """Settings have no dashes.

    Raises:
        ConfigError: If there is an option; answers words of the ecosystem.
    """
    for option in options:
        flag, _, value = option.partition("=")
        told = answer(flag, value, entry)
        raise ConfigError(
            told or f"{flag}: no such option. Settings are KEY=VALUE: python {entry}.py --help lists them."
        )


def _check(override: str, entry: str, groups: dict[str, list[str]], checks_options: bool) -> None:
    found = OVERRIDE.fullmatch(override)
    key, rest = (found["key"], found["rest"]) if found is not None else (override, "")
    if found is None or (not rest and found["prefix"] != "~"):
        raise ConfigError(_no_setting(override, entry, groups))
    if HYDRAS.match(key):
        return
    if key in groups:
        if rest.startswith("=") and found["prefix"] != "~":
            _check_options(key, rest[1:], groups[key], checks_options)
        return
    if not is_known(key, ENTRIES[entry]):
        raise ConfigError(unknown(key, rest, entry, groups))


def is_known(key: str, schema: Schema) -> bool:
    """Whether a key is a setting, stands above some, or below one that may hold anything."""
    known = known_settings(schema)
    bare = ELEMENT.sub("", key)
    return bare in known or key.startswith(STEPS) or any(each.startswith(f"{key}.") for each in known)


def unknown(key: str, rest: str, entry: str, groups: dict[str, list[str]]) -> str:
    """What is said of a key that does not exist; `rest` is what followed it, such as `=3`."""
    value = rest.removeprefix("=")
    told = answer(key, value, entry)
    if told:
        return told
    if key in SWEEPS:
        return f"{key} is a word of sweep.py: python sweep.py {key}{rest}."
    known = {*known_settings(ENTRIES[entry]), *groups}
    others = [other for other, schema in ENTRIES.items() if other != entry and is_known(key, schema)]
    if others and not any(each.endswith(f".{key}") for each in known):
        return f"{key} is a setting of {others[0]}.py, not of {entry}.py.{_help(entry)}"
    return f"{key}: there is no such setting.{did_you_mean(key, known, rest)}{_help(entry)}"


def _help(entry: str) -> str:
    return f" python {entry}.py --help lists what there is."


def _no_setting(word: str, entry: str, groups: dict[str, list[str]]) -> str:
    """A word without `=`."""
    told = answer(word, "", entry)
    if told:
        return told
    homes = [group for group, options in groups.items() if word in options]
    if homes:
        return f"{word}: expected KEY=VALUE. Did you mean {' or '.join(f'{home}={word}' for home in homes)}?"
    if os.path.lexists(word):
        key = "data=folder data.path" if entry == "train" else "source"
        return f"{word}: expected KEY=VALUE. Did you mean {key}={word}?"
    return f"{word}: expected KEY=VALUE, such as seed=1.{_help(entry)}"


def _check_options(group: str, value: str, options: list[str], are_all: bool) -> None:
    """`are_all` = nobody's own files add to the options; nothing at all is none of them anyhow."""
    if COMPUTED.match(value):
        return
    for name in (each.strip().strip("'\"") for each in value.strip("[]").split(",")):
        is_nothing = name in ("null", "")
        if (are_all or is_nothing) and name not in options and not (is_nothing and group in MAY_BE_NULL):
            listed = f" There are {', '.join(options)}." if len(options) <= FEW else _help("train")
            raise ConfigError(f"{group}={name}: there is no such option.{did_you_mean(name, options)}{listed}")


def _in_place(override: str, schema: Schema, groups: dict[str, list[str]]) -> str:
    """Without the `+` of what is there already, with `++` where a step may or may not name its parameter."""
    found = OVERRIDE.fullmatch(override)
    if found is None or found["prefix"] == "~":
        return override
    key, prefix = found["key"], found["prefix"] or ""
    if key.startswith(STEPS):
        prefix = "++"
    elif key in groups or ELEMENT.sub("", key) in known_settings(schema):
        prefix = ""
    return f"{prefix}{key}{found['rest']}"
