import math

import numpy as np
import pytest
from scipy.signal import lfilter

from duetto.evaluation.metrics.formants import burg, f2_slope_error, f2_slopes, readable_boundaries, second_formant
from duetto.evaluation.metrics.transitions import cepstral_slopes, delta_cepstral_distance

RATE = 24000
ACTIVE = np.ones(200, dtype=bool)


def resonances(f2_hz, num_seconds=1.0):
    """Pulses at 120 Hz through resonances at 500 Hz, a moving second one (a value a sample), 2500 and 3500 Hz."""
    wave = np.zeros(round(num_seconds * RATE))
    wave[:: RATE // 120] = 1.0
    for frequency in (500.0, 2500.0, 3500.0):
        radius = math.exp(-math.pi * 80 / RATE)
        wave = lfilter([1.0], [1.0, -2 * radius * math.cos(2 * math.pi * frequency / RATE), radius**2], wave)
    radius = math.exp(-math.pi * 80 / RATE)
    out, before, earlier = np.zeros_like(wave), 0.0, 0.0
    for i, cosine in enumerate(np.cos(2 * np.pi * np.broadcast_to(f2_hz, wave.shape) / RATE)):
        out[i] = wave[i] + 2 * radius * cosine * before - radius**2 * earlier
        before, earlier = out[i], before
    return (out / np.abs(out).max()).astype(np.float32)


def glide(low_hz, high_hz, at_s=0.5, lasts_s=0.1):
    return np.interp(np.arange(RATE) / RATE, [at_s - lasts_s / 2, at_s + lasts_s / 2], [low_hz, high_hz])


def test_the_slope_of_a_line_is_its_slope_per_second():
    line = np.outer(np.arange(50) * 0.005, [1.0, -2.0])
    np.testing.assert_allclose(cepstral_slopes(line)[10:40], np.tile([1.0, -2.0], (30, 1)))


def test_a_different_slope_at_the_boundary_is_that_distance_there_and_none_elsewhere():
    reference, estimate = np.zeros((2, 200, 24))
    frames = np.arange(200)
    estimate[:, 0] = np.clip((frames - 90) * 0.005, 0.0, 0.1)  # a slope of 1 per second from 0.45 to 0.55 s
    found = delta_cepstral_distance(reference, estimate, ACTIVE, [0.5])
    per_unit = 10 / math.log(10) * math.sqrt(2)
    assert 0.85 * per_unit < found.boundary <= per_unit
    assert found.elsewhere < 0.05 * per_unit
    assert found.excess == found.boundary - found.elsewhere


def test_without_boundaries_or_frames_the_distance_is_undefined():
    zeros = np.zeros((200, 24))
    for boundaries in (None, (), ()):
        found = delta_cepstral_distance(zeros, zeros, ACTIVE, boundaries)
        assert math.isnan(found.boundary)
        assert math.isnan(found.elsewhere)
    assert math.isnan(delta_cepstral_distance(zeros, zeros, ~ACTIVE, [0.5]).boundary)
    crowded = delta_cepstral_distance(zeros, zeros, ACTIVE, np.arange(0, 1, 0.05).tolist())
    assert crowded.boundary == 0.0
    assert math.isnan(crowded.elsewhere)
    assert math.isnan(crowded.excess)


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="Lengths differ"):
        delta_cepstral_distance(np.zeros((3, 24)), np.zeros((4, 24)), np.ones(3, dtype=bool), [0.0])


def test_burg_finds_the_polynomial_of_a_resonance():
    noise = np.random.default_rng(0).standard_normal(20000)
    polynomial = [1.0, -1.6, 0.9]
    np.testing.assert_allclose(burg(lfilter([1.0], polynomial, noise)[None], 2)[0], polynomial, atol=0.02)


@pytest.mark.parametrize("f2_hz", [1000.0, 1700.0])
def test_the_second_formant_is_found(f2_hz):
    found = second_formant(resonances(f2_hz), RATE, np.arange(0.2, 0.8, 0.02))
    assert np.nanmedian(found) == pytest.approx(f2_hz, rel=0.04)


def test_the_slope_of_a_glide_is_its_hertz_per_millisecond():
    slope = f2_slopes(resonances(glide(1000, 1800)), RATE, np.array([100]), np.full(201, 120.0))
    assert slope[0] == pytest.approx(800 / 100, rel=0.25)  # a window of 50 ms rounds the corners


def test_a_lost_glide_is_an_error_of_its_slope_and_gain_is_none():
    times = [0.5, 0.505, 0.51]
    full, lost = resonances(glide(1000, 1800)), resonances(glide(1400, 1400))
    contour = np.full(201, 120.0)
    assert f2_slope_error(full, full, RATE, contour, times) == 0.0
    assert f2_slope_error(full, 0.1 * full, RATE, contour, times) == pytest.approx(0.0, abs=1e-3)
    assert 4.0 < f2_slope_error(full, lost, RATE, contour, times) < 10.0


def test_high_unvoiced_and_outer_boundaries_are_not_read():
    contour = np.concatenate([np.full(100, 120.0), np.full(100, 320.0), np.zeros(100)])
    assert readable_boundaries(contour, [0.0, 0.25, 0.75, 1.25, 1.499]).tolist() == [50]
    assert readable_boundaries(contour, []).size == 0


def test_too_few_boundaries_or_silence_leave_the_slope_undefined():
    voice, contour = resonances(1400.0), np.full(201, 120.0)
    assert math.isnan(f2_slope_error(voice, voice, RATE, contour, [0.5, 0.6]))
    assert math.isnan(f2_slope_error(voice, voice, RATE, contour, None))
    assert math.isnan(f2_slope_error(voice, np.zeros_like(voice), RATE, contour, [0.4, 0.5, 0.6]))
