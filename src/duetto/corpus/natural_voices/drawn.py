"""Sentences of words drawn at random, so that an ensemble says more than a few sentences many times over.

A map from content to mel that heard sixty sentences knows their sequences of phones. Drawn sentences have new ones each
time: words of the language's own sentences, and in English words of the pronouncing lexicon that comes with
`hibari-tts`. Their rhythm is that of speech, since the speaking network reads them as any text.
"""

import gzip
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np

from duetto.corpus.natural_voices.phonemes import EXTRA
from duetto.corpus.natural_voices.texts import ENGLISH, UNSPACED
from duetto.errors import ConfigError

LEXICON = ("assets", "lexicon_us_gold.json.gz")  # of the package `hibari`
LETTERS = (3, 9)  # of a word of the lexicon
LEXICON_SHARE = 0.4  # of an English sentence's words
WORDS = (6, 10)  # of a sentence
COMMA_SHARE = 0.3  # of the sentences, that pause in the middle
ENDS = ".....?!"
PUNCTUATION = ".,;:?!¿¡।"


def drawn_sentence(sentences: Sequence[str], language: str, random: np.random.Generator) -> str:
    """A sentence of 6 to 10 words; a language without spaces keeps its sentences, one of which is drawn.

    Args:
        sentences: Of the language, whose words are drawn as often as they have them.
        language: A value of `duetto.corpus.natural_voices.voices.LANGUAGES`.
        random: Decides.

    Raises:
        ConfigError: If the package with the English lexicon is missing.
    """
    if language in UNSPACED:
        return sentences[int(random.integers(len(sentences)))]
    own = [word.strip(PUNCTUATION).lower() for sentence in sentences for word in sentence.split()]
    lexicon = _lexicon() if language in ENGLISH else ()
    number = int(random.integers(WORDS[0], WORDS[1] + 1))
    sources = [lexicon if lexicon and random.random() < LEXICON_SHARE else own for _ in range(number)]
    words = [source[int(random.integers(len(source)))] for source in sources]
    if random.random() < COMMA_SHARE:
        words[len(words) // 2] += ","
    text = " ".join(words)
    return text[0].upper() + text[1:] + ENDS[int(random.integers(len(ENDS)))]


@cache
def _lexicon() -> tuple[str, ...]:
    try:
        file = files("hibari").joinpath(*LEXICON)
        entries = json.loads(gzip.decompress(file.read_bytes()))
    except (ImportError, OSError) as error:
        raise ConfigError(f"data.ensemble.drawn_share needs the lexicon of hibari-tts: {EXTRA} ({error})") from error
    low, high = LETTERS
    return tuple(
        word for word in entries if word.isascii() and word.isalpha() and word.islower() and low <= len(word) <= high
    )
