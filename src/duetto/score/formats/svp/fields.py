"""Checked access to the values of untrusted JSON."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duetto.errors import ScoreError
from duetto.score.formats.limits import fault, read_bytes
from duetto.score.formats.text import decode_text, plain

MAX_JSON_BYTES = 16 * 1024 * 1024  # parsed, JSON takes ten times its size


@dataclass(frozen=True)
class Fields:
    """Values of the objects of one file."""

    path: Path

    def number(self, holder: dict[str, Any], key: str, default: float | None = None) -> float:
        """A finite number; `default` when there is none.

        Raises:
            ScoreError: If it is missing without a default, or no number.
        """
        value = holder.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not self._is_usable(value):
            raise fault(self.path, f"has {key} {str(value)[:40]!r} where a number is expected")
        return float(value)

    def integer(self, holder: dict[str, Any], key: str, default: int | None = None) -> int:
        """A number, rounded.

        Raises:
            ScoreError: As `number`.
        """
        value = holder.get(key, default)
        number = self.number(holder, key, default)
        return value if isinstance(value, int) else round(number)

    def text(self, holder: dict[str, Any], key: str) -> str:
        """A text with single blanks; empty when there is none.

        Raises:
            ScoreError: If it is too long.
        """
        value = holder.get(key)
        return plain(value, self.path) if isinstance(value, str) else ""

    def group(self, holder: dict[str, Any], key: str) -> dict[str, Any]:
        """An object; empty when there is none."""
        value = holder.get(key)
        return value if isinstance(value, dict) else {}

    def groups(self, holder: dict[str, Any], key: str) -> list[dict[str, Any]]:
        """The objects of a list; none when there is no list."""
        value = holder.get(key)
        return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

    def _is_usable(self, value: float) -> bool:
        return abs(value) < 2**62 if isinstance(value, int) else math.isfinite(value)


def read_json(path: Path) -> dict[str, Any]:
    """The object that a JSON file of at most 16 MiB holds; a zero byte at its end does not count.

    Raises:
        ScoreError: If it cannot be opened, is too large, or holds no JSON object.
    """
    text = decode_text(read_bytes(path, MAX_JSON_BYTES)).rstrip("\x00 \r\n\t")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:120]
        raise ScoreError(f"{path} is not well-formed JSON ({reason}); save it from the editor again.") from error
    if not isinstance(content, dict):
        raise fault(path, "holds JSON but no object; it is no project")
    return content
