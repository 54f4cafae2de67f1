"""What a step lifts over full scale: single peaks are limited where they are, louder clips turned down."""

import numpy as np
import pytest

from duetto.preprocess.segment import Segment
from duetto.preprocess.treat import _fit_full_scale

RATE = 8000


def segments(*waveforms):
    return tuple(Segment(waveform.astype(np.float32), RATE, "clip") for waveform in waveforms)


def test_one_lifted_peak_leaves_the_rest_of_the_clip_as_it_is():
    sung = 0.4 * np.sin(np.arange(4 * RATE) / 7)
    spiked = sung.copy()
    spiked[1000:1010] = 8.0
    (first, second), (remark,) = _fit_full_scale(segments(spiked, sung))
    assert np.abs(first.waveform).max() <= 1.0
    np.testing.assert_array_equal(first.waveform[1200:], sung[1200:].astype(np.float32))
    np.testing.assert_array_equal(second.waveform, sung.astype(np.float32))
    assert remark.seconds == 0.0
    assert remark.reason == "peaks up to 18.1 dB over full scale are limited where they are, 0.011 s in all"


def test_a_clip_that_is_too_loud_throughout_is_turned_down():
    (loud,), (remark,) = _fit_full_scale(segments(2.0 * np.sin(np.arange(4 * RATE) / 7)))
    assert np.abs(loud.waveform).max() == pytest.approx(0.99, abs=1e-3)
    assert remark.reason == "turned down by -6.1 dB to fit full scale"


def test_what_fits_is_left_alone():
    fits = segments(np.full(100, 1.0))
    assert _fit_full_scale(fits) == (fits, ())
