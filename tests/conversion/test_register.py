import numpy as np
import pytest

from duetto.conversion.register import as_json, from_json, outside_share, percentiles, register_of, say_register


def test_seconds_are_counted_at_each_semitone_and_pauses_are_none():
    register = register_of([np.array([440.0, 440.0, 0.0, 220.0])], frame_s=0.25)
    assert register[69] == 0.5
    assert register[57] == 0.25
    assert register.sum() == 0.75


def test_a_card_gives_the_register_back():
    register = register_of([np.array([110.0, 440.0, 441.0, 880.0])], 0.5)
    np.testing.assert_allclose(from_json(as_json(register)), register)
    silent = register_of([np.zeros(3)], 0.5)
    np.testing.assert_allclose(from_json(as_json(silent)), silent)
    assert from_json(None) is None


def test_the_range_leaves_out_the_rarest_twentieth_on_either_side():
    register = register_of([np.repeat([110.0, 220.0, 440.0, 880.0], [1, 50, 50, 1])], 1.0)
    assert say_register(register) == "A3 to A4"
    assert percentiles(register)["span_semitones"] == 12
    assert say_register(register_of([], 1.0)) == ""


def test_a_melody_is_outside_where_the_voice_sang_less_than_half_a_second():
    voice = register_of([np.repeat([220.0, 440.0], [100, 4])], 0.1)
    assert outside_share(register_of([np.repeat([220.0, 440.0], [3, 1])], 0.1), voice) == pytest.approx(0.25)
    assert np.isnan(outside_share(register_of([], 0.1), voice))
