"""Pitch on the feature grid: exact on sines, no lag on glides, silent on silence."""

import numpy as np
import pytest

from duetto.errors import AudioError, ConfigError
from duetto.features.f0 import build_f0_extractor, interpolate_f0, pitch_to_coarse
from duetto.features.trackers.registry import find_tracker
from duetto.settings.config import F0Config

SAMPLE_RATE, HOP = 24_000, 240
METHODS = ("swift", "harvest", "dio")
EXTRAS = ("fcpe", "crepe_tiny")  # whose packages an extra brings


def harmonic_tone(f0_hz):
    phase = 2 * np.pi * np.cumsum(f0_hz) / SAMPLE_RATE
    return (0.2 * sum(np.sin(k * phase) / k for k in range(1, 9))).astype(np.float32)


def extract(method, waveform):
    extractor = build_f0_extractor(F0Config(method=method))
    return extractor.extract(waveform, SAMPLE_RATE, HOP, -(-len(waveform) // HOP))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("pitch_hz", [220.0, 440.0])
def test_a_constant_tone_is_found_within_five_cents(method, pitch_hz):
    f0_hz = extract(method, harmonic_tone(np.full(2 * SAMPLE_RATE, pitch_hz)))[10:-10]
    assert (f0_hz > 0).all()
    assert np.abs(1200 * np.log2(f0_hz / pitch_hz)).max() < 5


@pytest.mark.parametrize("method", METHODS)
def test_a_glide_is_followed_without_lag(method):
    # Two octaves in three seconds, 0.8 cents a millisecond: 2 ms of lag are 1.6 cents between up and down, halved.
    seconds = np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    true_hz = 150 * 2 ** (2 * (1 - np.abs(seconds / 3 - 1)))
    f0_hz = extract(method, harmonic_tone(true_hz))
    centres = (np.arange(len(f0_hz)) * HOP + HOP // 2).astype(int)
    error_cents = 1200 * np.log2(np.where(f0_hz > 0, f0_hz, np.nan) / true_hz[centres])
    lag_ms = (np.nanmedian(error_cents[320:580]) - np.nanmedian(error_cents[20:280])) / 2 / 0.8
    assert abs(lag_ms) < 2
    assert np.nanmedian(np.abs(error_cents)) < 5


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("level", [0.0, 1e-5])
def test_silence_is_unvoiced(method, level):
    noise = np.random.default_rng(0).normal(size=SAMPLE_RATE).astype(np.float32) * level
    assert not extract(method, noise).any()


@pytest.mark.parametrize("method", METHODS)
def test_a_pause_of_digital_silence_is_unvoiced(method):
    tone = harmonic_tone(np.full(SAMPLE_RATE, 300.0))
    f0_hz = extract(method, np.concatenate([tone, np.zeros(SAMPLE_RATE, dtype=np.float32), tone]))
    assert (f0_hz[10:90] > 0).all()
    assert not f0_hz[110:190].any()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("num_samples", [100, 2400, 7777])
def test_short_clips_give_the_frames_asked_for(method, num_samples):
    f0_hz = extract(method, harmonic_tone(np.full(num_samples, 300.0)))
    assert f0_hz.shape == (-(-num_samples // HOP),)
    assert f0_hz.dtype == np.float32


@pytest.mark.slow
def test_chunks_of_long_audio_leave_no_seam():
    seconds = np.arange(45 * SAMPLE_RATE) / SAMPLE_RATE
    true_hz = 300 * 2 ** (80 / 1200 * np.sin(2 * np.pi * 5.5 * seconds))
    f0_hz = extract("dio", harmonic_tone(true_hz))
    centres = np.arange(len(f0_hz)) * HOP + HOP // 2
    assert np.abs(1200 * np.log2(f0_hz / true_hz[centres])).max() < 5


def test_nan_is_refused():
    with pytest.raises(AudioError, match="NaN"):
        extract("dio", np.array([0.1, np.nan], dtype=np.float32))


@pytest.mark.slow
@pytest.mark.parametrize("method", EXTRAS)
def test_a_tracker_of_an_extra_is_exact_on_time_silent_on_silence_and_gives_one_contour(method):
    pytest.importorskip(find_tracker(method).module)
    extractor = build_f0_extractor(F0Config(method=method))
    seconds = np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    true_hz = 150 * 2 ** (2 * (1 - np.abs(seconds / 3 - 1)))
    waveform = harmonic_tone(true_hz)
    f0_hz = extractor.extract(waveform, SAMPLE_RATE, HOP, 600)
    centres = np.arange(600) * HOP + HOP // 2
    error_cents = 1200 * np.log2(np.where(f0_hz > 0, f0_hz, np.nan) / true_hz[centres])
    lag_ms = (np.nanmedian(error_cents[320:580]) - np.nanmedian(error_cents[20:280])) / 2 / 0.8
    assert abs(lag_ms) < 2.5
    assert np.nanmedian(np.abs(error_cents)) < 5
    np.testing.assert_array_equal(extractor.extract(waveform, SAMPLE_RATE, HOP, 600), f0_hz)
    assert not extractor.extract(np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE, HOP, 100).any()
    for num_samples in (1, 100, 7777):
        assert extractor.extract(waveform[:num_samples], SAMPLE_RATE, HOP, 33).shape == (33,)


def test_an_unknown_method_is_refused():
    with pytest.raises(ConfigError, match="expected swift, rmvpe, fcpe, crepe, crepe_tiny, harvest or dio"):
        build_f0_extractor(F0Config(method="pm"))


def test_halfway_between_an_octave_apart_no_pitch_is_invented():
    times = np.array([0.0, 1.0])
    assert interpolate_f0(times, np.array([100.0, 200.0]), np.array([0.4, 0.6])).tolist() == [100.0, 200.0]


def test_between_close_pitches_the_mean_is_geometric():
    value = interpolate_f0(np.array([0.0, 1.0]), np.array([100.0, 110.0]), np.array([0.5]))
    assert value[0] == pytest.approx(np.sqrt(100.0 * 110.0))


def test_voicing_is_that_of_the_nearest_value():
    f0_hz = interpolate_f0(np.array([0.0, 1.0, 2.0]), np.array([100.0, 0.0, 0.0]), np.array([0.4, 0.6, 2.4, 2.6]))
    assert f0_hz.tolist() == [100.0, 0.0, 0.0, 0.0]


def test_coarse_pitch_has_the_known_corners():
    # mel(440) = 549.6386, mel(50) = 77.7548, mel(1100) = 1064.4080: (549.6386 - 77.7548) * 254 / 986.6532 + 1 = 122.48
    assert pitch_to_coarse(np.array([0.0, 30.0, 50.0, 440.0, 1100.0, 5000.0])).tolist() == [1, 1, 1, 122, 255, 255]


@pytest.mark.parametrize("rate", [44_100, 22_050])
def test_harvest_keeps_nearly_steady_high_notes_at_rates_that_it_cannot_divide(rate: int):
    time_s = np.arange(rate) / rate
    phase = 2 * np.pi * np.cumsum(988.0 * 2 ** (6 * np.sin(2 * np.pi * 5.5 * time_s) / 1200)) / rate
    note = 0.2 * sum(np.sin(k * phase + k * k) / k for k in range(1, 10))
    note += 1e-3 * np.random.default_rng(0).standard_normal(rate)
    f0_hz = build_f0_extractor(F0Config(method="harvest")).extract(note.astype(np.float32), rate, rate // 100, 100)
    assert np.abs(1200 * np.log2(f0_hz[10:-10] / 988.0)).max() < 50
