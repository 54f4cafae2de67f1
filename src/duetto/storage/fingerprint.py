"""The key of everything that is kept: cached corpora, treated clips, features, references, scores, and runs.

A result is current as long as nothing that it was made of has changed: the settings as built (defaults spelt out), the
content of its inputs, the source text of the modules that compute it, and the versions of the packages that they call.
The modules are found by following imports from the ones that are named, the packages by looking at what those import,
so that nothing has to be raised by hand and nothing can be forgotten.

Conventions: comments, docstrings and blank lines do not count. Plumbing (errors, schemas of settings, atomic writing)
does not count either: what it decides is in the settings, or fails.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from duetto.storage.files import sha256_json
from duetto.storage.source_code import modules_behind, package_version, read_source

SHOWN = 6  # changes named in a sentence


@dataclass(frozen=True)
class Fingerprint:
    """What a result was made of."""

    settings: Any  # JSON values
    inputs: Mapping[str, str]  # SHA-256 of what was read, by what it is
    modules: Mapping[str, str]  # digest of the source text of each module that computes it
    packages: Mapping[str, str]  # version of each package that those modules call

    @property
    def digest(self) -> str:
        """64 hexadecimal digits over everything."""
        return sha256_json(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """JSON values, for the record beside the result."""
        return {
            "settings": self.settings,
            "inputs": dict(sorted(self.inputs.items())),
            "modules": dict(sorted(self.modules.items())),
            "packages": dict(sorted(self.packages.items())),
        }


def fingerprint(
    settings: Any,
    inputs: Mapping[str, str],
    modules: Iterable[str],
    beyond: Iterable[str] = (),
    packages: Iterable[str] = (),
) -> Fingerprint:
    """What a result is made of, as things stand now.

    Args:
        settings: JSON values or dataclasses, as built; paths, devices and whatever else moves no number are left out.
        inputs: SHA-256 of every input, by what it is.
        modules: Names of the modules that compute the result; the modules of ours that they import are found.
        beyond: Modules and packages that another stage answers for: they are not followed.
        packages: Packages whose version counts though no module of ours imports them, such as an engine's own engine.

    Raises:
        ConfigError: If there is no such module, or its source is not there to be read.
    """
    names = modules_behind(tuple(sorted(set(modules))), tuple(sorted(set(beyond))))
    sources = {name: read_source(name) for name in names}
    called = {package for source in sources.values() for package in source.packages}
    versions = {package: package_version(package) for package in sorted({*called, *packages})}
    return Fingerprint(
        as_built(settings),
        dict(inputs),
        {name: source.digest for name, source in sources.items()},
        {name: found for name, found in versions.items() if found},
    )


def as_built(value: Any) -> Any:
    """Settings as JSON values: a dataclass with all its fields, and the name of its class."""
    if is_dataclass(value) and not isinstance(value, type):
        return {"class": type(value).__qualname__, **as_built({f.name: getattr(value, f.name) for f in fields(value)})}
    if isinstance(value, Mapping):
        return {str(name): as_built(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_built(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    own = vars(value) if hasattr(value, "__dict__") and not isinstance(value, Path) else str(value)
    return {"class": type(value).__qualname__, "value": as_built(own)}


def changes(then: Mapping[str, Any], now: Fingerprint) -> list[str]:
    """What has changed since a record was written, one phrase each; empty = nothing.

    Args:
        then: `Fingerprint.as_dict` of that time.
        now: Of today.
    """
    today = now.as_dict()
    phrases = ["settings"] if then.get("settings") != today["settings"] else []
    for kind in ("inputs", "modules"):
        before, after = then.get(kind, {}), today[kind]
        phrases += [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    before, after = then.get("packages", {}), today["packages"]
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            phrases.append(f"{name} {before.get(name, 'absent')} -> {after.get(name, 'absent')}")
    return phrases


def changes_sentence(phrases: list[str]) -> str:
    """The changes as one phrase, the first few named."""
    rest = len(phrases) - SHOWN
    return ", ".join(phrases[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
