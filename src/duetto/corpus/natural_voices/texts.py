"""What the ensemble says: sentences of our own, by language."""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from duetto.corpus.embedded_cases.readers import sentences as english_sentences

FOLDER = "duetto.corpus.natural_voices"
TEXTS = "texts.md"
HELD_OUT = "held_out.md"
ENGLISH = ("en-us", "en-gb")
UNSPACED = ("ja", "zh")  # written without spaces


@lru_cache(maxsize=1)
def sentences_by_language() -> Mapping[str, tuple[str, ...]]:
    """Sentences of each language, in the file's order."""
    given = listed(files(FOLDER).joinpath(TEXTS).read_text(encoding="utf-8"))
    return MappingProxyType(given | dict.fromkeys(ENGLISH, english_sentences()))


@lru_cache(maxsize=1)
def held_out_sentences() -> tuple[str, ...]:
    """English sentences that no corpus trains on: what `data=case_n` is tested with."""
    return listed(files(FOLDER).joinpath(HELD_OUT).read_text(encoding="utf-8"))["en"]


def listed(markdown: str) -> dict[str, tuple[str, ...]]:
    """Sentences of each language, from a text with a heading `## language` before a list of them."""
    found: dict[str, tuple[str, ...]] = {}
    language = ""
    for line in markdown.splitlines():
        if line.startswith("## "):
            language = line[3:]
        elif line.startswith("- "):
            found[language] = (*found.get(language, ()), line[2:])
    return found


def joined(parts: tuple[str, ...], language: str) -> str:
    """Sentences as one text."""
    return ("" if language in UNSPACED else " ").join(parts)
