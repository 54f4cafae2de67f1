"""docs/recipes.md says what recipe=ecosystem composes, line by line, and why a line differs from upstream's."""

import re
from pathlib import Path

import pytest
import yaml

from duetto.features.trackers.registry import TRACKERS
from duetto.hub.table import find_weights
from duetto.runs.compose import compose_runs

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")


def rows(section):
    text = PAGE[PAGE.index(f"\n## {section}, line by line") :].split("\n## ")[1]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]


def composed(model):
    [config] = compose_runs(ROOT / "conf", [[f"model={model}", "data=case_b", "recipe=ecosystem"]])
    return config


def value(config, key):
    for part in key.split("."):
        config = getattr(config, part)
    return config


@pytest.mark.parametrize(("model", "section"), [("rvc", "RVC"), ("diffsvc", "Diff-SVC")])
def test_every_line_is_what_is_composed_and_upstreams_unless_it_says_why(model, section):
    config, table = composed(model), rows(section)
    assert len(table) > 30
    for setting, *upstream, here, why in table:
        key, written = setting.strip("`"), yaml.safe_load(here)
        if key == "features.f0.method" and written not in {tracker.name for tracker in TRACKERS}:
            assert value(config, key) == "swift"  # until that tracker is built in
        else:
            assert value(config, key) == written, key
        assert (set(upstream) == {here}) != bool(why), f"{key}: a reason if and only if it differs"


def test_the_page_of_weights_names_rows_of_the_table():
    page = (ROOT / "docs" / "weights.md").read_text(encoding="utf-8")
    for name in re.findall(r"weights (?:get|path|add) (\w+)", page):
        assert find_weights(name).name == name
