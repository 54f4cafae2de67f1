"""Cache keys of everything that is stored: corpora, preprocessed clips, features, references, scores, and runs.

A result is current as long as none of its ingredients has changed: the settings as built (including defaults), the
content of its inputs, the source text of the modules that compute it, and the versions of the packages that they call.
Modules are found by following imports from the named ones, packages from what those import, so that no version number
has to be raised by hand.

Conventions: comments, docstrings and blank lines do not count. Plumbing (errors, schemas of settings, atomic writing)
does not count either: its effect is in the settings, or an error.
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
    """The ingredients of a result."""

    settings: Any  # JSON values
    inputs: Mapping[str, str]  # SHA-256 of each input, by name
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
    """The fingerprint of a result with the present code.

    Args:
        settings: JSON values or dataclasses, as built; paths, devices and whatever else affects no number are left out.
        inputs: SHA-256 of every input, by name.
        modules: Names of the modules that compute the result; our modules that they import are found.
        beyond: Modules and packages that belong to another stage: their imports are not followed.
        packages: Packages whose version counts although none of our modules imports them, such as an engine of one.

    Raises:
        ConfigError: If there is no such module, or its source is not available.
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
    """Settings as JSON values: dataclasses with all fields and the name of the class."""
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
        then: The recorded `Fingerprint.as_dict`.
        now: The present fingerprint.
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
    """The changes as one phrase that names the first few."""
    rest = len(phrases) - SHOWN
    return ", ".join(phrases[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
