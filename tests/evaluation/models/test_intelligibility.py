import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duetto.errors import AudioError, CheckpointError
from duetto.evaluation.metrics.phones import edit_distance, error_rate
from duetto.evaluation.models import intelligibility
from duetto.evaluation.models.intelligibility import (
    TAPS,
    PhoneClassifier,
    PhoneRecogniser,
    collapse,
    load_classifier,
    most_likely_path,
    with_neighbours,
)
from duetto.evaluation.models.words import words_of
from duetto.features.moonshine import weights_path
from duetto.storage.audio import read_audio

RATE = 16_000
PHONES = st.lists(st.sampled_from("aiueoks"), max_size=12)


def test_the_same_phones_are_no_error():
    assert error_rate(("k", "a", "s", "a"), ("k", "a", "s", "a")) == 0.0


def test_one_substitution_one_deletion_one_insertion():
    assert edit_distance("kasa", "kata") == 1
    assert edit_distance("kasa", "kaa") == 1
    assert edit_distance("kasa", "kasar") == 1
    assert edit_distance("kitten", "sitting") == 3  # Levenshtein's textbook pair


def test_nothing_heard_is_all_wrong_and_too_much_is_more_than_all():
    assert error_rate("kasa", "") == 1.0
    assert error_rate("a", "aiu") == 2.0


def test_no_reference_is_undefined_not_perfect():
    assert math.isnan(error_rate((), ()))
    assert math.isnan(error_rate((), ("a",)))


def test_shuffled_phones_are_mostly_wrong():
    random = np.random.default_rng(0)
    lyric = random.choice(list("aiueoksmntr"), 400).tolist()
    assert 0.6 < error_rate(lyric, random.permutation(lyric).tolist()) <= 1.0


@given(PHONES, PHONES, PHONES)
def test_the_distance_is_a_metric(a, b, c):
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert (edit_distance(a, b) == 0) == (a == b)


def test_runs_collapse_and_a_pause_parts_what_it_separates():
    assert collapse(["pau", "a", "a", "k", "a", "pau", "a", "cl"]) == ("a", "k", "a", "a")
    assert collapse([]) == ()


def frames(*certainties):
    """Log probabilities of two phones from the probability of the first."""
    return np.log(np.array([[p, 1 - p] for p in certainties], dtype=np.float32))


def test_a_flicker_is_ignored_when_a_change_costs_more_than_it_gains():
    flicker = frames(0.9, 0.9, 0.3, 0.9, 0.9)
    assert most_likely_path(flicker, 0.0) == [0, 0, 1, 0, 0]
    assert most_likely_path(flicker, 1.0) == [0, 0, 0, 0, 0]


def test_a_lasting_change_is_followed_where_it_happens():
    assert most_likely_path(frames(0.9, 0.9, 0.1, 0.1, 0.1), 2.0) == [0, 0, 1, 1, 1]
    assert most_likely_path(frames(0.2), 2.0) == [1]


def test_the_best_path_is_the_best_of_all_paths():
    random = np.random.default_rng(3)
    log_probabilities = np.log(random.dirichlet([1, 1, 1], 6)).astype(np.float32)

    def value(path):
        changes = sum(a != b for a, b in pairwise(path))
        return sum(log_probabilities[t, s] for t, s in enumerate(path)) - 0.7 * changes

    every = np.stack(np.meshgrid(*[range(3)] * 6), axis=-1).reshape(-1, 6)
    assert value(most_likely_path(log_probabilities, 0.7)) == pytest.approx(max(map(value, every)), abs=1e-5)


def test_neighbours_lie_side_by_side_and_the_ends_repeat():
    rows = np.arange(6, dtype=np.float32)[:, None]
    expected = [[max(0, min(5, t + tap)) for tap in TAPS] for t in range(6)]
    assert with_neighbours(rows).tolist() == expected


def test_probabilities_sum_to_one_however_large_the_rows():
    classifier = PhoneClassifier(("a", "b"), np.ones((2, len(TAPS)), np.float32), np.array([0, 1], np.float32), 1.0)
    log_probabilities = classifier.log_probabilities(np.full((4, 1), 1e4, dtype=np.float32))
    np.testing.assert_allclose(np.exp(log_probabilities).sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(log_probabilities[:, 1] - log_probabilities[:, 0], 1.0, rtol=1e-2)


def test_what_ships_fits_together_and_says_what_it_learned_from():
    classifier = load_classifier()
    assert {"a", "i", "u", "e", "o", "N", "k", "s", "pau"} <= set(classifier.phones)
    assert classifier.weight.shape == (len(classifier.phones), 2 * 288 * len(TAPS))
    card = json.loads(
        (intelligibility.importlib.resources.files("duetto.evaluation.models") / intelligibility.CARD_NAME).read_text()
    )
    assert card["data"]["case"] == "choir"
    assert card["examination"]


def test_damaged_weights_are_refused_in_a_sentence(tmp_path, monkeypatch):
    (tmp_path / intelligibility.WEIGHTS_NAME).write_bytes(b"damaged")
    monkeypatch.setattr(intelligibility.importlib.resources, "files", lambda package: tmp_path)
    with pytest.raises(CheckpointError, match="Install duetto again"):
        load_classifier()


@pytest.fixture(scope="module")
def recogniser():
    return PhoneRecogniser()


@pytest.fixture(scope="module")
def speech():
    return read_audio(weights_path().parent.parent / "beckett.wav", RATE)[0]


def test_a_recording_is_heard_as_itself_whatever_its_level(recogniser, speech):
    heard = recogniser.recognise(speech, RATE)
    assert len(heard) > 20
    assert recogniser.recognise(speech, RATE) == heard
    assert error_rate(heard, recogniser.recognise(0.5 * speech, RATE)) < 0.15


def test_other_words_and_noise_are_heard_otherwise(recogniser, speech):
    first, second = speech[: 4 * RATE], speech[4 * RATE : 8 * RATE]
    heard = recogniser.recognise(first, RATE)
    assert error_rate(heard, recogniser.recognise(second, RATE)) > 0.6
    noise = 0.1 * np.random.default_rng(0).standard_normal(first.size).astype(np.float32)
    assert error_rate(heard, recogniser.recognise(noise, RATE)) > 0.8


def test_more_noise_is_more_error(recogniser, speech):
    clean = speech[: 5 * RATE]
    noise = np.random.default_rng(1).standard_normal(clean.size) * np.sqrt(np.mean(clean**2))
    wanted = recogniser.recognise(clean, RATE)
    errors = [
        error_rate(wanted, recogniser.recognise((clean + noise * 10 ** (-snr / 20)).astype(np.float32), RATE))
        for snr in (40, 15, 0)
    ]
    assert errors[0] < errors[1] < errors[2]


def test_silence_and_a_click_hold_no_phones(recogniser):
    assert recogniser.recognise(np.zeros(RATE, np.float32), RATE) == ()
    assert recogniser.recognise(np.ones(100, np.float32), RATE) == ()
    assert recogniser.recognise(np.zeros(0, np.float32), RATE) == ()


def test_broken_samples_are_refused(recogniser):
    with pytest.raises(AudioError):
        recogniser.recognise(np.full(RATE, np.nan, np.float32), RATE)


def test_words_are_compared_without_case_and_punctuation():
    assert words_of("It was the BEST—of times; don’t!") == ("it", "was", "the", "best", "of", "times", "don't")
    assert words_of(" ... ") == ()
