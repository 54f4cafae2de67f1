"""What the ensemble says: sentences of our own, by language."""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from duetto.corpus.embedded_cases.readers import sentences as english_sentences

FOLDER = "duetto.corpus.natural_voices"
TEXTS = "texts.md"
ENGLISH = ("en-us", "en-gb")
UNSPACED = ("ja", "zh")  # written without spaces


@lru_cache(maxsize=1)
def sentences_by_language() -> Mapping[str, tuple[str, ...]]:
    """Sentences of each language, in the file's order."""
    found: dict[str, list[str]] = {}
    language = ""
    for line in files(FOLDER).joinpath(TEXTS).read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            language = line[3:]
        elif line.startswith("- "):
            found.setdefault(language, []).append(line[2:])
    given = {language: tuple(lines) for language, lines in found.items()}
    return MappingProxyType(given | dict.fromkeys(ENGLISH, english_sentences()))


def joined(parts: tuple[str, ...], language: str) -> str:
    """Sentences as one text."""
    return ("" if language in UNSPACED else " ").join(parts)
