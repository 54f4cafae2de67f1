"""Literal paths and names: quoted before Hydra's lexer reads them, never interpolated.

The rule, for a setting that the schemas mark as a path or a name:

- A value that exists as a file or folder is that file or folder, whatever characters it has.
- A value in Hydra's quotes ('...' or "...") is left to Hydra.
- `null` means no value.
- `[a,b]`, if the setting takes several, and `a,b`, in a sweep, are split at commas; quotes keep a piece together.
- Any other value is the path or name itself.
"""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.override_parser.types import Quote, QuotedString

from duetto.renamed import SETTING as OVERRIDE
from duetto.runs.command_line.known import Setting
from duetto.settings.kinds import KIND, LITERAL_KINDS, NAME, PATH, PATHS, STEP_TEXTS

PLAIN = re.compile(r"(?:[A-Za-z_/]|\.{1,2}/)[A-Za-z0-9_./-]*")  # read unchanged by Hydra's lexer
WORDS = frozenset(("true", "false", "null", "nan", "inf"))  # except for these, which Hydra reads as values
NUMBER = re.compile(r"[+-]?\d+")
QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
PIECE = re.compile(rf"(\s*(?:{QUOTED.pattern})\s*|[^,]*),", re.DOTALL)
BEFORE_INTERPOLATION = re.compile(r"(\\*)\$\{")  # backslashes count only there
MISSING = "???"  # omegaconf's mark of a missing value
STEP = re.compile(rf"preprocess\.steps\.[^.]+\.(?:{'|'.join(STEP_TEXTS)})")


def quote_literals(overrides: Sequence[str], known: Mapping[str, Setting], is_sweep: bool = False) -> list[str]:
    """Quote paths and names for Hydra where they need it.

    Args:
        overrides: `KEY=VALUE`, as the shell passes them.
        known: All settings, by key.
        is_sweep: Whether `a,b` means two runs.
    """
    return [_quoted_override(override, known, is_sweep) for override in overrides]


def _quoted_override(override: str, known: Mapping[str, Setting], is_sweep: bool) -> str:
    found = OVERRIDE.fullmatch(override)
    if found is None or found["prefix"] == "~" or not found["rest"].startswith("="):
        return override
    kind = _kind(found["key"], known)
    if kind not in LITERAL_KINDS:
        return override
    value = as_hydra(found["rest"][1:], kind, is_sweep)
    return f"{found['prefix'] or ''}{found['key']}={value}"


def _kind(key: str, known: Mapping[str, Setting]) -> str:
    if STEP.fullmatch(key):
        return str(PATH[KIND])
    return known[key].kind if key in known else ""


def as_hydra(value: str, kind: str, is_sweep: bool) -> str:
    """A path or name in Hydra's grammar."""
    if kind == NAME[KIND] and NUMBER.fullmatch(value):
        return value
    if exists(value):
        return quoted(value)
    if QUOTED.fullmatch(value) or value.lower() in ("", "null"):
        return value
    if kind == PATHS[KIND] and value.startswith("[") and value.endswith("]"):
        inside = value[1:-1]
        return f"[{','.join(map(quoted_piece, pieces(inside)))}]" if inside.strip() else "[]"
    return ",".join(map(quoted_piece, pieces(value))) if is_sweep else quoted(value)


def exists(path: str) -> bool:
    """Whether the path exists; False for an impossible name, too."""
    try:
        return path != "" and os.path.lexists(path)
    except ValueError:  # the name holds a NUL character
        return False


def pieces(value: str) -> list[str]:
    """The pieces between commas; quoted pieces keep their quotes."""
    return [found[1] for found in PIECE.finditer(f"{value},")]


def listed(value: str) -> list[str]:
    """Paths between commas, without quotes; a text that exists as a path is not split."""
    if exists(value):
        return [value]
    bare = [piece if exists(piece) else piece.strip() for piece in pieces(value)]
    return [piece[1:-1] if QUOTED.fullmatch(piece) else piece for piece in bare if piece]


def quoted_piece(piece: str) -> str:
    """Quote one of several pieces, without surrounding blanks."""
    if exists(piece):
        return quoted(piece)
    bare = piece.strip()
    return bare if QUOTED.fullmatch(bare) or bare.lower() == "null" else quoted(bare)


def quoted(text: str) -> str:
    """Quote a text that Hydra and omegaconf would otherwise change."""
    if PLAIN.fullmatch(text) and text.lower() not in WORDS:
        return text
    return str(QuotedString(text=uninterpolated(_not_missing(text)), quote=Quote.single).with_quotes())


def _not_missing(text: str) -> str:
    return f"./{text}" if text == MISSING else text


def uninterpolated(value: Any) -> Any:
    """Escape `${` at every depth of a value, so that omegaconf does not interpolate it."""
    if isinstance(value, str):
        return BEFORE_INTERPOLATION.sub(lambda found: rf"{2 * found[1]}\${{", value)
    if isinstance(value, dict):
        return {key: uninterpolated(each) for key, each in value.items()}
    return [uninterpolated(each) for each in value] if isinstance(value, list) else value
