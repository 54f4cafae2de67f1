"""Turns errors of Hydra and omegaconf into one plain sentence without `append +x` or HYDRA_FULL_ERROR."""

import re
from collections.abc import Sequence

from hydra.errors import OverrideParseException
from yaml import MarkedYAMLError

from duetto.errors import DuettoError
from duetto.renamed import SETTINGS
from duetto.runs.command_line.check import unknown
from duetto.runs.command_line.groups import group_options
from duetto.runs.command_line.known import Schema, entry_of, expected, known_settings
from duetto.settings.conf_files import conf_folder

FULL_KEY = re.compile(r"full_key: (\S+)")
IN_FILE = re.compile(r"In '([^']+)'")
OVERRIDDEN = re.compile(
    r"(?:Error merging override|Could not (?:override|append to config\. .*)) '?(.+?)'?\.?$", re.MULTILINE
)
VALUE = re.compile(r"[Vv]alue '(.*?)' (?:of type|is not)", re.DOTALL)
NO_KEY = re.compile(r"Key '[^']*' (?:is )?not in ")
NO_OPTION = re.compile(r"Could not (?:find|load) '([^']+)'")
AMBIGUOUS = re.compile(r"Ambiguous value for argument '([^']+)'")
BAD_VALUE = (
    "could not be converted",
    "Invalid value assigned",
    "Invalid type assigned",
    "is not Optional",
    "is not a valid",
)


def explain(error: BaseException, schema: Schema, overrides: Sequence[str] = ()) -> str:
    """One sentence that says why a composition failed.

    Args:
        error: Raised by Hydra, omegaconf or the YAML reader.
        schema: Schema of the entry point that was composed.
        overrides: Settings of the command line, in Hydra's grammar.
    """
    ours = _of_ours(error)
    if ours is not None:
        return str(ours)
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem_mark.name}, line {error.problem_mark.line + 1}: not valid YAML: {error.problem}."
    if isinstance(error, OverrideParseException):
        key, _, value = error.override.partition("=")
        return f"{error.override}: Hydra cannot read this value. If it is text, quote it twice: \"{key}='{value}'\"."
    text = f"{error}\n{error.__cause__ or ''}"
    ambiguous = AMBIGUOUS.search(text)
    if ambiguous:
        key = ambiguous[1].partition("=")[0]
        return f"{ambiguous[1]}: several values are several runs (sweep.py, or -m); a list has brackets: {key}=[a,b]."
    place = IN_FILE.search(text)
    where = f"conf/{place[1]}.yaml" if place else ""
    key = FULL_KEY.search(text)
    if key and NO_KEY.search(text):
        return _no_such_key(key[1], where, schema)
    if key and any(phrase in text for phrase in BAD_VALUE):
        return _bad_value(key[1], text, where, schema)
    missing = NO_OPTION.search(text)
    if missing:
        group, _, name = missing[1].rpartition("/")
        return f"{group}={name} is named in {where or 'conf'}, but there is no conf/{missing[1]}.yaml."
    return _first_line(error, where, overrides)


def _of_ours(error: BaseException | None) -> DuettoError | None:
    """The error of ours behind one of Hydra's, as when an interpolation has no answer."""
    while error is not None and not isinstance(error, DuettoError):
        error = error.__cause__ or error.__context__
    return error


def _no_such_key(key: str, where: str, schema: Schema) -> str:
    entry = entry_of(schema)
    place = f"{where}: " if where else ""
    if key in SETTINGS:
        return f"{place}{key} is called {SETTINGS[key]} now. Rename it there."
    groups = group_options(conf_folder()) if entry == "train" else {}
    return f"{place}{unknown(key, '', entry, groups)}"


def _bad_value(key: str, text: str, where: str, schema: Schema) -> str:
    given = OVERRIDDEN.search(text)
    value = VALUE.search(text)
    shown = given[1] if given else f"{key}={value[1]}" if value else key
    place = f"{where}: " if where else ""
    return f"{place}{shown}: expected {expected(known_settings(schema).get(key))}."


def _first_line(error: BaseException, where: str, overrides: Sequence[str]) -> str:
    first = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    key = FULL_KEY.search(str(error))
    origin = where or (key[1] if key else " ".join(overrides))
    return f"{origin}: {first}." if origin else f"{first}."
