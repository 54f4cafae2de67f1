import math

import numpy as np
import pytest

from duetto.evaluation.metrics.bursts import find_bursts

RATE = 16_000
TIME_S = np.arange(2 * RATE) / RATE
TONE = (0.1 * np.sin(2 * np.pi * 220 * TIME_S) * (np.abs(TIME_S - 1.0) < 0.8)).astype(np.float32)


def with_burst(at_s, level, length_s=0.03):
    output = TONE.copy()
    first = round(at_s * RATE)
    output[first : first + round(length_s * RATE)] += level
    return output


def test_a_copy_has_none_at_any_gain():
    for gain in (0.05, 1.0, 4.0):
        found = find_bursts(TONE, gain * TONE, RATE)
        assert found.times_s == ()
        assert found.largest_excess_db == pytest.approx(0.0, abs=0.1)


def test_a_bang_is_found_where_it_is():
    found = find_bursts(TONE, with_burst(1.0, 0.8), RATE)
    assert found.times_s == pytest.approx((1.0,), abs=0.011)
    assert found.largest_excess_db == pytest.approx(20 * math.log10(0.8 / 0.0707), abs=1.0)


def test_a_bang_in_a_pause_is_found():
    assert find_bursts(TONE, with_burst(0.02, 0.3), RATE).times_s == pytest.approx((0.02,), abs=0.011)


def test_breath_in_a_pause_is_no_burst():
    breath = 0.001 * np.random.default_rng(0).standard_normal(TONE.size).astype(np.float32)
    assert find_bursts(TONE, TONE + breath, RATE).times_s == ()


def test_a_shift_within_reach_is_no_burst():
    assert find_bursts(TONE, np.roll(TONE, -round(0.04 * RATE)), RATE).times_s == ()


def test_two_bangs_are_two():
    output = with_burst(0.6, 0.8) + with_burst(1.4, 0.8) - TONE
    assert len(find_bursts(TONE, output, RATE).times_s) == 2


def test_silence_is_undefined():
    silence = np.zeros(RATE, np.float32)
    for source, output in ((silence, TONE), (TONE, silence), (TONE[:10], TONE)):
        found = find_bursts(source, output, RATE)
        assert found.times_s == ()
        assert math.isnan(found.largest_excess_db)
