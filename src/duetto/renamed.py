"""Names that have changed, and how the old ones are understood for one version more.

Two kinds of reader need it. What a person types (a setting, a command, an option) is translated with a warning. What an
earlier version wrote (run.json, metrics.json, manifests, cards, file names) is translated in silence: nobody can change
it any more. Everything that is written has the new names.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

SETTINGS = {  # of train.py, group and field
    "trainer.choose": "trainer.select",
    "preprocess.keep_stages": "preprocess.keep_intermediates",
    "model.colour_db": "model.equaliser_db",
}
OLD_FIELDS = MappingProxyType({old.split(".")[1]: new.split(".")[1] for old, new in SETTINGS.items()})  # by field
GONE = {"has_linear_part": False}  # fields of records, and the value that means what there is without them
COMMANDS = {"probe": "stress"}  # of `python -m duetto`
OPTIONS = {"stress": {"probe": "test"}, "sing": {"truth": "annotations"}}  # by command
KEYS = {  # in run.json, metrics.json and stress_tests.json
    "chosen": "selected",
    "has_truth": "has_reference",
    "losses": "dropped",  # of the ledger
    "probes": "stress_tests",
}
METRIC_ENDINGS = {"_resynthesis": "_copy_synthesis", "_truth": "_reference"}
CLIP_FIELDS = {"truth": "annotations"}  # in manifest.json
ROLES = {"truth": "reference", "stage": "intermediate"}  # of clips
HASHED = {
    "reference": "truth",
    "equaliser_db": "colour_db",
    "selected_by_validation_every": "best_of_looks_every",
}  # by new name
FILES = {  # in a run's folder
    "reference.wav": "truth.wav",
    "copy_synthesis.wav": "resynthesis.wav",
    "stress_tests.json": "probes.json",
    "intermediates": "stages",
}
SETTING = re.compile(r"(?P<prefix>\+\+|\+|~)?(?P<key>[^=@]+)(?P<rest>.*)", re.DOTALL)


def warn(old: str, new: str) -> None:
    """One line on stderr for whoever typed an old name."""
    sys.stderr.write(f"warning: {old} is called {new} now; {old} stops working in the next version.\n")


def current_overrides(overrides: Sequence[str]) -> list[str]:
    """Settings as typed, `KEY=VALUE`, under their present names; warns of each old one."""
    return [_current_override(override) for override in overrides]


def _current_override(override: str) -> str:
    found = SETTING.fullmatch(override)
    if found is None or found["key"] not in SETTINGS:
        return override
    new = SETTINGS[found["key"]]
    warn(found["key"], new)
    return f"{found['prefix'] or ''}{new}{found['rest']}"


def current_arguments(arguments: Sequence[str]) -> list[str]:
    """A command of `python -m duetto` and its options under their present names; warns of each old one."""
    if not arguments:
        return []
    command = arguments[0]
    if command in COMMANDS:
        warn(command, COMMANDS[command])
        command = COMMANDS[command]
    return [command, *(_current_option(each, OPTIONS.get(command, {})) for each in arguments[1:])]


def _current_option(argument: str, options: Mapping[str, str]) -> str:
    for old, new in options.items():
        if re.match(rf"--{old}(=|$)|{old}=", argument):
            warn(old, new)
            return argument.replace(old, new, 1)
    return argument


def current_metric(name: str) -> str:
    """The present key of a metric."""
    for old, new in METRIC_ENDINGS.items():
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name


def current_record(value: Any) -> Any:
    """What a run's JSON files hold, under present keys at every depth; a run's `config` by the names of settings."""
    if isinstance(value, list):
        return [current_record(each) for each in value]
    if not isinstance(value, dict):
        return value
    named = {KEYS.get(key, current_metric(key)) if isinstance(key, str) else key: each for key, each in value.items()}
    return {key: current_settings(each) if key == "config" else current_record(each) for key, each in named.items()}


def current_settings(values: Any) -> Any:
    """A run's settings as nested dictionaries, under their present names."""
    if not isinstance(values, dict):
        return values
    return {
        group: current_fields(inner, group) if isinstance(inner, dict) else inner for group, inner in values.items()
    }


def current_fields(values: Mapping[str, Any], group: str) -> dict[str, Any]:
    """The fields of one group of settings under their present names."""
    names = {old.split(".")[1]: new.split(".")[1] for old, new in SETTINGS.items() if old.startswith(f"{group}.")}
    return {names.get(name, name): value for name, value in values.items()}


def current_clip(values: Mapping[str, Any]) -> dict[str, Any]:
    """A clip of a manifest under its present field and role names."""
    named = {CLIP_FIELDS.get(name, name): value for name, value in values.items()}
    return {**named, "role": ROLES.get(named["role"], named["role"])}


def as_hashed(name: str) -> str:
    """A role, a clip's id or a setting as content hashes and signatures spell it.

    What they cover keeps its first spelling there, so that corpora and runs keep their names.
    """
    head, slash, rest = name.partition("/")
    return f"{HASHED.get(head, head)}{slash}{rest}"


def find_file(folder: Path, name: str) -> Path:
    """A file or folder of a run by its present name, or by its old one where only that is there."""
    old = folder / FILES[name] if name in FILES else None
    return old if old is not None and old.exists() and not (folder / name).exists() else folder / name
