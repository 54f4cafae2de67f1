import numpy as np
import pytest

from duetto.units import amplitude_to_db, cents_between, db_to_amplitude, hz_to_midi, midi_to_hz, semitones_to_ratio


def test_a4_is_440_hz_and_note_69():
    assert midi_to_hz(69.0) == 440.0
    assert hz_to_midi(440.0) == 69.0


def test_an_octave_is_12_semitones_and_1200_cents():
    assert semitones_to_ratio(12.0) == 2.0
    assert cents_between(220.0, 440.0) == pytest.approx(1200.0)
    assert midi_to_hz(np.array([57.0, 81.0])) == pytest.approx([220.0, 880.0])


def test_half_the_amplitude_is_six_decibels_down():
    assert amplitude_to_db(0.5) == pytest.approx(-6.0206, abs=1e-4)
    assert db_to_amplitude(-6.0206) == pytest.approx(0.5, abs=1e-5)


def test_silence_has_a_floor_instead_of_minus_infinity():
    assert amplitude_to_db(0.0) == pytest.approx(-160.0)
