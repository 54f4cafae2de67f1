"""The transposition that fits a voice, on melodies whose pitches are counted by hand."""

import numpy as np
import pytest

from duetto.conversion.register import register_of
from duetto.conversion.transposition import OCTAVES, advise, best_transposition, outside_at
from duetto.units import midi_to_hz


def sung(low, high, seconds=1.0):
    """Every semitone from low to high, equally long."""
    return register_of([np.asarray([midi_to_hz(float(midi)) for midi in range(low, high + 1)])], seconds)


def test_the_share_outside_follows_the_interval():
    voice, melody = sung(60, 71), sung(60, 71)
    assert outside_at(melody, voice, 0) == 0
    assert outside_at(melody, voice, 3) == pytest.approx(3 / 12)
    assert outside_at(melody, voice, -12) == 1
    assert np.isnan(outside_at(register_of([], 1.0), voice, 0))


def test_what_leaves_the_table_of_semitones_is_outside_and_does_not_come_back():
    assert outside_at(sung(0, 9), sung(118, 127), -10) == 1
    assert outside_at(sung(0, 9), sung(118, 127), -5) == 1


@pytest.mark.parametrize("low", [48, 60, 36, 84])
def test_a_melody_of_another_octave_is_brought_back_by_octaves(low):
    assert best_transposition(sung(low, low + 11), sung(60, 71)) == 60 - low


def test_a_melody_that_fits_stays_where_it_is():
    assert best_transposition(sung(60, 64), sung(55, 75)) == 0
    assert best_transposition(register_of([], 1.0), sung(55, 75)) == 0


def test_another_interval_is_preferred_only_for_a_clear_gain():
    voice = sung(60, 71)
    assert best_transposition(sung(65, 76), voice) == -5
    assert best_transposition(sung(65, 76), voice, only_octaves=True) == 0
    wide = register_of([np.repeat([midi_to_hz(60.0), midi_to_hz(72.0)], [97, 3])], 1.0)
    assert best_transposition(wide, voice) == 0, "3 % above the register are no reason to leave the key"


def test_a_melody_outside_is_told_with_the_better_interval():
    said = advise(sung(48, 59), sung(60, 71), 0)
    assert said == "100 % of the melody lies outside the voice's register (C4 to B4); transpose=12 would leave 0 %."
    assert advise(sung(60, 71), sung(60, 71), 0) == ""
    assert "no other transposition" in advise(sung(40, 100), sung(60, 71), 0)
    assert advise(register_of([], 1.0), sung(60, 71), 0) == ""


def test_octaves_are_tried_from_the_nearest():
    assert [abs(each) for each in OCTAVES] == sorted(abs(each) for each in OCTAVES)
