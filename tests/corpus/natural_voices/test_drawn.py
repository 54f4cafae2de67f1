import numpy as np
import pytest

from duetto.corpus.natural_voices.drawn import LETTERS, PUNCTUATION, WORDS, drawn_sentence
from duetto.corpus.natural_voices.texts import sentences_by_language


def drawn(language, seed, count=40):
    random = np.random.default_rng(seed)
    own = sentences_by_language()[language][:-2]
    return [drawn_sentence(own, language, random) for _ in range(count)]


def words(sentence):
    return [word.strip(PUNCTUATION).lower() for word in sentence.split()]


def vocabulary(language):
    return {word for sentence in sentences_by_language()[language][:-2] for word in words(sentence)}


def test_a_seed_says_the_same_and_another_something_else():
    assert drawn("en-us", 1) == drawn("en-us", 1)
    assert drawn("en-us", 1) != drawn("en-us", 2)


@pytest.mark.parametrize("language", ["en-gb", "es", "hi", "pt"])
def test_sentences_have_the_words_of_the_language_in_an_order_of_their_own(language):
    said = drawn(language, 0)
    assert len(set(said)) == len(said)
    assert not set(said) & set(sentences_by_language()[language])
    lengths = [len(words(sentence)) for sentence in said]
    assert (min(lengths), max(lengths)) == WORDS
    own = sum(word in vocabulary(language) for sentence in said for word in words(sentence)) / sum(lengths)
    assert (0.5 < own < 0.75) if language == "en-gb" else own == 1.0


def test_english_words_of_the_lexicon_are_plain():
    strange = {word for sentence in drawn("en-us", 3) for word in words(sentence)} - vocabulary("en-us")
    assert len(strange) > 80
    assert all(word.isascii() and word.isalpha() and LETTERS[0] <= len(word) <= LETTERS[1] for word in strange)


def test_a_language_without_spaces_keeps_its_sentences():
    assert set(drawn("ja", 0)) <= set(sentences_by_language()["ja"][:-2])
