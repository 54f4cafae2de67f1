import math

import numpy as np
import pytest

from duetto.errors import ConfigError
from duetto.evaluation.models.words import WordRecogniser
from duetto.features.moonshine import weights_path
from duetto.storage.audio import read_audio, write_audio


def test_octaves_bring_the_source_nearest_to_the_target(benchmark):
    nearest = benchmark("real_input").nearest_octave
    assert nearest(110.0, 440.0) == 24.0
    assert nearest(120.0, 500.0) == 24.0
    assert nearest(220.0, 260.0) == 0.0
    assert nearest(440.0, 110.0) == -24.0
    assert nearest(math.nan, 440.0) == nearest(110.0, math.nan) == 0.0


def test_pitch_words_bursts_clipping_and_length_decide(benchmark):
    passes = benchmark("real_input").passes
    good = {
        "words_kept": True,
        "gross_pitch_error": 0.01,
        "bursts": 0,
        "clipped_share": 0.0,
        "length_error_samples": 0.0,
    }
    assert passes(good)
    for name, value in (
        ("words_kept", False),
        ("bursts", 1),
        ("gross_pitch_error", math.nan),
        ("clipped_share", 0.01),
        ("length_error_samples", -1.0),
    ):
        assert not passes({**good, name: value})


def test_the_table_has_a_column_for_each_cell(benchmark):
    real_input = benchmark("real_input")
    row = {name: 0.5 for _, name, _ in real_input.COLUMNS} | {"run": "rvc", "source": "speech", "passes": False}
    lines = real_input.table([row]).splitlines()
    assert {line.count("|") for line in lines} == {len(real_input.COLUMNS) + 1}
    assert lines[2].endswith("| no |")
    assert "| 50.0 |" in lines[2]


def test_a_folder_that_is_not_there_is_named(benchmark, tmp_path):
    with pytest.raises(ConfigError, match="nowhere is no folder"):
        benchmark("real_input").main([str(tmp_path / "nowhere")])


@pytest.mark.slow
def test_a_recording_of_a_person_is_scored_and_a_spoilt_copy_fails(benchmark, tmp_path):
    real_input = benchmark("real_input")
    speech, rate = read_audio(weights_path().parent.parent / "two_cities.wav")
    speech = speech[: 12 * rate]
    write_audio(tmp_path / "speech.wav", speech, rate)
    known = real_input.words_of("It was the best of times, it was the worst of times, it was the age of wisdom,")
    recording = real_input.Recording("speech", tmp_path / "speech.wav", None)
    spoilt = speech.copy()
    spoilt[3 * rate : round(3.02 * rate)] = 0.95
    spoilt[5 * rate :] = 0.05 * np.random.default_rng(0).standard_normal(7 * rate)
    write_audio(tmp_path / "spoilt.wav", spoilt[:-7], rate)
    recogniser = WordRecogniser()
    heard = recogniser.recognise(speech, rate)
    worse = real_input.score(recording, tmp_path / "spoilt.wav", 0.0, recogniser)
    same = real_input.score(recording, tmp_path / "speech.wav", 0.0, recogniser)
    assert recogniser.recognise(speech, rate) == heard  # whatever was heard in between
    assert heard[: len(known)] == known
    assert (same["word_error"], same["bursts"], same["f0_rmse_cents"]) == (0.0, 0, 0.0)
    assert real_input.passes(same)
    assert worse["word_error"] > 0.3
    assert worse["bursts"] >= 1
    assert worse["length_error_samples"] == -7
    assert not real_input.passes(worse)
