"""Checks keys and group options before Hydra composes anything; an error is one sentence with a suggestion."""

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

STEPS = "preprocess.steps."  # prefix of the settings of single steps
ELEMENT = re.compile(r"\.\d+$")  # index of a list element
HYDRAS = re.compile(r"hydra[./@]|\$|hydra$")
COMPUTED = re.compile(r".*\$\{|\w+\(")  # interpolations and functions, which Hydra evaluates
MAY_BE_NULL = frozenset(("experiment",))
FEW = 8  # up to as many options are listed
SWEEPS = frozenset(
    ("sweep", "study", "workers", "plan_only", "executor", "leave", "watch")
)  # settings that only sweep.py has


def check_overrides(overrides: Sequence[str], schema: Schema, conf: Path | None = None) -> list[str]:
    """Rewrite settings to the form that Hydra accepts, so that no user has to know of `+`.

    Args:
        overrides: `KEY=VALUE`, under current names.
        schema: Schema of their entry point.
        conf: Folder with the options of groups; None = options are not checked.

    Raises:
        ConfigError: If a setting, a group or an option does not exist; names the nearest ones.
    """
    entry = entry_of(schema)
    has_groups = entry == "train"
    groups = group_options(conf_folder() if conf is None else conf) if has_groups else {}
    for override in overrides:
        _check(override, entry, groups, conf is not None)
    return [_in_place(override, schema, groups) for override in overrides]


def refuse_options(options: Sequence[str], entry: str) -> None:
    """Refuse options with dashes, which no entry point has.

    Raises:
        ConfigError: If there is an option; for options of other tools, names the corresponding setting.
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
    """Whether a key is a setting, a parent of settings, or below a setting of arbitrary content."""
    known = known_settings(schema)
    bare = ELEMENT.sub("", key)
    return bare in known or key.startswith(STEPS) or any(each.startswith(f"{key}.") for each in known)


def unknown(key: str, rest: str, entry: str, groups: dict[str, list[str]]) -> str:
    """The error message for a key that does not exist; `rest` is the text after it, such as `=3`."""
    value = rest.removeprefix("=")
    told = answer(key, value, entry)
    if told:
        return told
    if key.split(".", 1)[0] in SWEEPS:
        return f"{key} belongs to sweep.py: python sweep.py {key}{rest}."
    known = {*known_settings(ENTRIES[entry]), *groups}
    others = [other for other, schema in ENTRIES.items() if other != entry and is_known(key, schema)]
    if others and not any(each.endswith(f".{key}") for each in known):
        return f"{key} is a setting of {others[0]}.py, not of {entry}.py.{_help(entry)}"
    return f"{key}: there is no such setting.{did_you_mean(key, known, rest)}{_help(entry)}"


def _help(entry: str) -> str:
    return f" python {entry}.py --help lists all settings."


def _no_setting(word: str, entry: str, groups: dict[str, list[str]]) -> str:
    """The error message for a word without `=`."""
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
    """Refuse unknown options; unless `are_all`, the user's files may add options, and only an empty one is refused."""
    if COMPUTED.match(value):
        return
    for name in (each.strip().strip("'\"") for each in value.strip("[]").split(",")):
        is_nothing = name in ("null", "")
        if (are_all or is_nothing) and name not in options and not (is_nothing and group in MAY_BE_NULL):
            listed = f" Options: {', '.join(options)}." if len(options) <= FEW else _help("train")
            raise ConfigError(f"{group}={name}: there is no such option.{did_you_mean(name, options)}{listed}")


def _in_place(override: str, schema: Schema, groups: dict[str, list[str]]) -> str:
    """Drop the `+` of keys that exist already; add `++` to parameters of steps, which may or may not exist yet."""
    found = OVERRIDE.fullmatch(override)
    if found is None or found["prefix"] == "~":
        return override
    key, prefix = found["key"], found["prefix"] or ""
    if key.startswith(STEPS):
        prefix = "++"
    elif key in groups or ELEMENT.sub("", key) in known_settings(schema):
        prefix = ""
    return f"{prefix}{key}{found['rest']}"
