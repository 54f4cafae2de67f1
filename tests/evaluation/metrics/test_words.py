import math
from pathlib import Path

import numpy as np
import pytest

from duetto.evaluation.inputs import Instruments, SongFiles
from duetto.evaluation.metrics.words import character_error, characters_in, word_error, words_in
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.evaluation.song import score_song
from duetto.storage.audio import write_audio


def test_one_wrong_word_of_four_is_a_quarter():
    assert word_error("The cat, it sleeps.", "the CAT it leaps", "en") == 0.25
    assert word_error("The cat, it sleeps.", "The cat, it sleeps.", "en") == 0.0
    assert word_error("one two", "", "en") == 1.0
    assert word_error("one two", "one two three four five", "en") == 1.5


def test_one_wrong_letter_of_eight_is_an_eighth():
    assert character_error("ab cd ef gh", "abcd efgx") == 0.125


def test_nothing_said_is_undefined_not_perfect():
    assert math.isnan(word_error("", "", "en"))
    assert math.isnan(character_error("…!", "a"))


def test_what_is_compared_are_letters_digits_and_marks():
    assert words_in("L’été, c'est «beau» – 3 fois!", "fr") == ("lété", "cest", "beau", "3", "fois")
    assert words_in("आज सुबह से।", "hi") == ("आज", "सुबह", "से")
    assert characters_in("お茶、飲む。") == ("お", "茶", "飲", "む")


def test_a_language_without_spaces_has_characters_and_no_words():
    assert words_in("今天的风很大", "zh") == ()
    assert math.isnan(word_error("今天的风很大", "今天的风很大", "zh"))
    assert character_error("今天的风很大", "今天风很小") == pytest.approx(2 / 6)


class HearsLevel:
    """Reads one word fewer in every quieter recording."""

    def transcribe(self, waveform: np.ndarray, sample_rate: int, language: str) -> str:
        assert (sample_rate, language) == (24_000, "en-us")
        return " ".join(["one", "two", "three", "four"][: round(10 * float(np.abs(waveform).max()))])


def test_a_song_with_a_text_is_scored_at_every_place_and_one_without_is_not(tmp_path: Path):
    paths = {}
    for name, peak in (("source", 0.4), ("output", 0.3), ("reference", 0.4), ("copy_synthesis", 0.2)):
        tone = peak * np.sin(2 * np.pi * 220 * np.arange(36_000) / 24_000)
        write_audio(tmp_path / f"{name}.wav", tone.astype(np.float32), 24_000)
        paths[name] = tmp_path / f"{name}.wav"
    files = SongFiles(
        "a", "b", **paths, transpose_semitones=0.0, conversion_seconds=None, text="One, two, three, four."
    )
    instruments = Instruments(SpeakerEncoder(), transcriber=HearsLevel())
    scores = score_song(SongFiles(**{**vars(files), "language": "en-us"}), instruments)
    assert [scores[f"word_error{place}"] for place in ("", "_source", "_copy_synthesis")] == [0.25, 0.0, 0.5]
    assert scores["character_error"] == pytest.approx(4 / 15)
    without = score_song(SongFiles(**{**vars(files), "text": None}), instruments)
    assert math.isnan(without["word_error"])
    assert math.isnan(score_song(files, Instruments(SpeakerEncoder()))["word_error"])
