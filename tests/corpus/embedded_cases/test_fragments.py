import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duetto.corpus.embedded_cases.fragments import arrange, cut_spans, lay_together, least_samples
from duetto.errors import ConfigError
from duetto.settings.case_config import JOINS, FragmentConfig


def test_a_short_remainder_goes_to_the_last_fragment_and_a_long_one_stands_alone():
    assert cut_spans(24, 10) == ((0, 10), (10, 24))
    assert cut_spans(25, 10) == ((0, 10), (10, 20), (20, 25))
    assert cut_spans(30, 10) == ((0, 10), (10, 20), (20, 30))


def test_a_sound_shorter_than_a_fragment_is_one():
    assert cut_spans(3, 10) == ((0, 3),)
    assert cut_spans(0, 10) == ()


def test_zero_padding_makes_a_clip_of_each_fragment():
    assert arrange([5, 6, 7], 1, "zero_padding", 0) == ((0,), (1,), (2,))


def test_ordered_clips_are_full_at_ten_seconds_and_take_in_a_short_rest():
    assert arrange([4, 4, 4, 4, 4, 4], 1, "ordered", 0) == ((0, 1, 2), (3, 4, 5))
    assert arrange([4, 4, 4, 4], 1, "ordered", 0) == ((0, 1, 2, 3),)
    assert arrange([12, 3, 3], 1, "ordered", 0) == ((0,), (1, 2))


def test_the_order_of_shuffled_fragments_hangs_on_the_seed_alone():
    lengths = [1] * 40
    first, again, other = (arrange(lengths, 1, "shuffled", seed) for seed in (1, 1, 2))
    assert first == again != other
    assert first != arrange(lengths, 1, "ordered", 1)


@settings(max_examples=50, deadline=None)
@given(lengths=st.lists(st.integers(1, 500), max_size=60), join=st.sampled_from(JOINS))
def test_every_fragment_is_in_exactly_one_clip(lengths: list[int], join: str):
    clips = arrange(lengths, 20, join, 3)
    assert sorted(index for clip in clips for index in clip) == list(range(len(lengths)))
    assert all(clips)


@settings(max_examples=50, deadline=None)
@given(num_samples=st.integers(1, 10_000), length=st.integers(1, 3000))
def test_fragments_cover_a_sound_without_gap_or_overlap(num_samples: int, length: int):
    spans = cut_spans(num_samples, length)
    assert [first for first, _ in spans] == [0, *(last for _, last in spans[:-1])]
    assert spans[-1][1] == num_samples
    assert all(last - first >= length / 2 for first, last in spans) or spans == ((0, num_samples),)


def test_silence_fills_a_clip_up_and_never_cuts_it():
    sounds = [np.ones(2, np.float32), np.full(1, 2, np.float32)]
    assert lay_together(sounds, 5).tolist() == [1, 1, 2, 0, 0]
    assert lay_together(sounds, 2).tolist() == [1, 1, 2]
    assert lay_together(sounds, 0).dtype == np.float32


def test_only_zero_padding_pads():
    assert [least_samples(join, 250.0, 8000) for join in JOINS] == [2000, 0, 0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"fragment_ms": 5.0}, "expected 10 or more"),
        ({"fragment_ms": float("nan")}, "expected 10 or more"),
        ({"join": "crossfade"}, "expected one of zero_padding, shuffled, ordered"),
        ({"pitches": "sharp"}, "expected one of melodic, flat"),
        ({"bank_pitches": []}, "MIDI numbers"),
        ({"bank_pitches": [64, 128]}, "MIDI numbers"),
        ({"padding_ms": -1.0}, "expected 0 or more"),
        ({"as_ddb": True}, "needs fragments"),
    ],
)
def test_settings_that_cannot_be_met_are_refused(wrong: dict[str, object], message: str):
    FragmentConfig().validate()
    with pytest.raises(ConfigError, match=message):
        FragmentConfig(**wrong).validate()  # type: ignore[arg-type]
