import numpy as np
import pytest

from duetto.conversion.peak import LOOKAHEAD, PEAK_LIMIT, PeakLimiter, limit_peak


def song(num_samples: int) -> np.ndarray:
    return (0.5 * np.sin(np.arange(num_samples) * 0.05)).astype(np.float32)


def test_what_is_below_full_scale_is_left_alone():
    waveform, gain_db = limit_peak(song(1000))
    np.testing.assert_array_equal(waveform, song(1000))
    assert gain_db == 0.0


def test_a_click_lowers_its_surroundings_and_not_the_song():
    clicked = song(20_000)
    clicked[10_000] = 4.0
    limited, gain_db = limit_peak(clicked)
    assert np.abs(limited).max() <= PEAK_LIMIT + 1e-6
    assert limited[10_000] == pytest.approx(PEAK_LIMIT, abs=1e-3)
    assert gain_db == pytest.approx(20 * np.log10(0.98 / 4.0), abs=0.1)
    far = np.abs(np.arange(20_000) - 10_000) > 2 * LOOKAHEAD + 1
    np.testing.assert_array_equal(limited[far], clicked[far])


def test_loud_noise_never_passes_the_limit_and_blocks_do_not_matter():
    loud = np.random.default_rng(0).normal(0, 0.6, 30_000).astype(np.float32)
    whole, gain_db = limit_peak(loud)
    assert np.abs(whole).max() <= PEAK_LIMIT
    limiter = PeakLimiter()
    pieces = list(limiter.limit(np.split(loud, [1, 7, 5000, 5001, 20_000, 29_990])))
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-6)
    assert limiter.gain_db == pytest.approx(gain_db)
