"""CONTRIBUTING.md names files; each of them is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w.-]+/[\w./-]*|[\w-]+\.(?:md|yaml|toml))`|\]\(([^)]+)\)", TEXT)))
PATHS = [first or second for first, second in NAMED if "NAME" not in first]


@pytest.mark.parametrize("path", PATHS)
def test_a_file_that_is_named_exists(path: str):
    assert (ROOT / path).exists()


def test_every_list_names_at_least_three_files():
    lists = re.split(r"^## ", TEXT, flags=re.M)[1:]
    assert [each.splitlines()[0] for each in lists] == [
        "Add an architecture",
        "Add a case",
        "Add a step of preprocessing",
        "Add a pitch tracker",
        "Add a metric",
    ]
    for each in lists:
        assert sum(f"`{path}`" in each for path in PATHS) >= 3, each
