from dataclasses import replace

import numpy as np
import pytest

from duetto.corpus.embedded_cases import readers
from duetto.corpus.embedded_cases.intoning import SAMPLE_RATE, SPAN_SEMITONES, Speech, intone, speak, syllable_starts
from duetto.corpus.embedded_cases.readers import (
    PACES,
    READER_COUNT,
    read_aloud,
    reader_names,
    reader_settings,
    reader_voice,
    sentences,
)
from duetto.errors import ConfigError
from duetto.evaluation.analysis.pitch import track_f0
from duetto.evaluation.metrics.phones import error_rate
from duetto.evaluation.models.words import WordRecogniser, words_of
from duetto.settings.case_config import ChoirConfig
from duetto.singer.timing import HOP_S
from duetto.singer.voices import PitchStyle
from duetto.storage.fingerprint import fingerprint
from duetto.units import hz_to_midi

SENTENCE = "Hold the last note until the hall is silent."


@pytest.fixture(scope="module")
def speech() -> Speech:
    return speak(SENTENCE, 0.8, 0)


def test_four_readers_from_bass_to_soprano():
    voices = [reader_voice(name) for name in reader_names()]
    assert len(voices) == READER_COUNT
    assert [voice.low_midi for voice in voices] == sorted({voice.low_midi for voice in voices})
    assert voices[0].formant_ratio < 0.85 < 1.0 < voices[-1].formant_ratio
    with pytest.raises(ConfigError, match="reader_00 to reader_03"):
        reader_voice("reader_04")
    with pytest.raises(ConfigError, match="0 to 4"):
        ChoirConfig(readers=5).validate()


def test_what_is_read_is_ours_and_no_line_is_the_benchmarks():
    assert len(set(sentences())) == len(sentences()) >= 50
    assert not any("best of times" in line.lower() for line in sentences())


def test_settings_name_the_readers_and_a_choir_without_any_has_none():
    assert reader_settings(0) == {}
    two = reader_settings(2)
    assert set(two["readers"]) == {"reader_00", "reader_01"}


def test_the_version_of_the_readers_engine_is_in_the_key_of_the_choir():
    assert fingerprint({}, {}, ["duetto.corpus.embedded_cases.choir"]).packages["hibari"] == "0.2.1"


def test_a_sentence_is_as_long_as_its_pace_says_and_has_about_its_syllables(speech: Speech):
    slower = speak(SENTENCE, PACES[-1], 0)
    assert 1.4 < slower.f0_hz.size / speech.f0_hz.size < 1.8  # 0.8 / 0.5
    assert speech.power.shape == speech.aperiodicity.shape
    assert 9 <= len(syllable_starts(speech)) <= 17  # it has twelve
    assert all(speech.f0_hz[start] > 0 for start in syllable_starts(speech))


def test_a_reader_intones_within_its_range_and_lower_readers_sound_lower(speech: Speech):
    steady = PitchStyle(drift_cents=0.0, jitter_cents=0.0)
    for name in reader_names():
        reader = replace(reader_voice(name), style=steady)
        sung = intone(speech, reader, np.random.default_rng(1))
        f0_hz = track_f0(sung.astype(np.float32), SAMPLE_RATE)
        midi = hz_to_midi(f0_hz[f0_hz > 0])
        assert midi.size > 200
        within = (midi > reader.low_midi - 1) & (midi < reader.low_midi + SPAN_SEMITONES + 1)
        assert within.mean() > 0.9
        assert abs(sung.size / SAMPLE_RATE - speech.f0_hz.size * HOP_S) < 0.02


@pytest.mark.slow
def test_a_reading_is_the_same_again_and_another_is_another():
    reader = reader_voice("reader_01")
    first = read_aloud(reader, 0, 2.0, 0)
    assert np.array_equal(first, read_aloud(reader, 0, 2.0, 0))
    other = read_aloud(reader, 0, 2.0, 1)
    assert other.size != first.size or not np.array_equal(first, other)
    assert 2.0 <= first.size / SAMPLE_RATE < 9.0
    assert 0.05 < np.abs(first).max() < 0.9


@pytest.mark.slow
def test_the_words_of_a_reader_are_heard(speech: Speech):
    sung = intone(speech, reader_voice("reader_02"), np.random.default_rng(0))
    loud = (0.3 * sung / np.abs(sung).max()).astype(np.float32)
    padded = np.pad(loud, SAMPLE_RATE // 2)
    assert error_rate(words_of(SENTENCE), WordRecogniser().recognise(padded, SAMPLE_RATE)) <= 0.35


def test_without_the_package_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(readers, "ENGINE", "no_such_package")
    with pytest.raises(ConfigError, match="pip install hibari-tts"):
        reader_settings(1)
