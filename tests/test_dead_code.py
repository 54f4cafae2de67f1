"""The list of what the dead-code check passes over holds nothing that is not there any more."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_every_ignored_name_stands_in_the_code():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["vulture"]
    files = [path for place in settings["paths"] for path in sorted((ROOT / place).rglob("*.py")) or [ROOT / place]]
    words = {word for path in files for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
    stale = [name for name in settings["ignore_names"] if not any(fnmatch(word, name) for word in words)]
    assert stale == []
