"""The glossary is true: where it points to exists, and what it says not to use is not used."""

import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "duetto"
CODE = re.compile(r"`([^`]+)`")


def rows():
    lines = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [row for row in cells if row[0] != "word"]


def banned():
    return sorted({word for row in rows() for word in CODE.findall(row[2])})


GRADIOS = ("Row",)  # a word of Gradio's, in the app


def identifiers():
    found: dict[str, str] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
            if token.type == tokenize.NAME and not (path.parent.name == "app" and token.string in GRADIOS):
                found.setdefault(token.string, f"{path.relative_to(ROOT)}:{token.start[0]}")
    return found


def breaks(word, identifier):
    """A name with an underscore or a capital is meant whole; a plain word also within a name, as in `has_truth`."""
    return identifier == word if "_" in word or not word.islower() else word in identifier.lower().split("_")


def test_no_banned_word_is_an_identifier_of_the_source():
    used = [f"{name} ({place})" for name, place in identifiers().items() for word in banned() if breaks(word, name)]
    assert used == []


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_the_place_that_a_word_is_found_at_exists(row):
    path, *names = CODE.findall(row[3])
    text = (SOURCE / path).read_text(encoding="utf-8")
    assert all(re.search(rf"\b{name}\b", text) for name in names)


def test_no_word_has_two_rows():
    words = [row[0] for row in rows()]
    assert len(words) == len(set(words)) > 30


def test_a_banned_word_would_be_found():
    assert breaks("truth", "has_truth")
    assert breaks("trial", "TRIAL_SONGS")
    assert not breaks("station", "stationary")
    assert not breaks("Voice", "TrainedVoice")
