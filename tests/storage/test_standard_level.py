import math

import numpy as np
import pytest

from duetto.storage.standard_level import LIMIT, STANDARD_DB, at_standard_level, level_db, standard_gain_db

RATE = 16_000


def sine(seconds: float, level: float) -> np.ndarray:
    return (level * np.sin(2 * np.pi * 200 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def test_level_of_a_sine_is_three_decibels_below_its_peak():
    assert level_db(sine(2.0, 0.5), RATE) == pytest.approx(20 * math.log10(0.5) - 3.0103, abs=0.01)


def test_pauses_and_a_damaged_sample_do_not_move_the_level():
    song = np.concatenate([sine(2.0, 0.1), np.zeros(60 * RATE, np.float32)])
    damaged = song.copy()
    damaged[RATE] = 100.0
    assert level_db(song, RATE) == pytest.approx(level_db(sine(2.0, 0.1), RATE), abs=0.1)
    assert level_db(damaged, RATE) == pytest.approx(level_db(song, RATE), abs=0.1)


@pytest.mark.parametrize("peak", [1.0, 0.1, 0.003])
def test_the_copy_is_at_standard_level(peak: float):
    assert level_db(at_standard_level(sine(2.0, peak), RATE), RATE) == pytest.approx(STANDARD_DB, abs=0.01)


@pytest.mark.parametrize(
    "waveform", [np.zeros(100, np.float32), np.zeros(0, np.float32), np.full(9000, 1e-5, np.float32)]
)
def test_what_holds_nothing_but_rounding_is_not_raised(waveform: np.ndarray):
    assert standard_gain_db(waveform, RATE) == 0.0


def test_the_channels_of_a_recording_are_raised_together():
    stereo = np.stack([sine(1.0, 0.1), sine(1.0, 0.01)])
    raised = at_standard_level(stereo, RATE)
    assert np.abs(raised[0]).max() / np.abs(raised[1]).max() == pytest.approx(10.0, rel=1e-3)


def test_a_damaged_sample_is_limited_in_the_copy():
    damaged = sine(2.0, 0.1)
    damaged[RATE] = -100.0
    assert np.abs(at_standard_level(damaged, RATE)).max() == LIMIT
