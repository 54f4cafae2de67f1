import math

import numpy as np
import pytest

from duetto.evaluation.metrics.buzz import buzz, comb_db, unvoiced_windows

RATE = 24_000
SECONDS = 20
UNVOICED = np.zeros(SECONDS * 200 + 1)
NOISE = 0.01 * np.random.default_rng(0).standard_normal(SECONDS * RATE)


def pulses(level, frame_rate_hz=100.0):
    """A pulse in every frame, whose lines have the amplitude `level`."""
    waveform = np.zeros(SECONDS * RATE)
    period = RATE / frame_rate_hz
    waveform[np.arange(0, waveform.size, period).astype(int)] = level * period
    return waveform


def known_db(level, frame_rate_hz=100.0):
    """A line over the noise in a Hann window of six frames: the sums of w and of its square are N/2 and 3N/8."""
    samples = 6 * RATE / frame_rate_hz
    return 10 * math.log10(1 + level**2 * samples**2 / 4 / (0.01**2 * samples * 3 / 8))


def test_noise_has_none_at_any_level():
    for gain in (0.01, 1.0, 20.0):
        assert buzz(gain * NOISE, UNVOICED, 100.0) == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize("level", [0.0005, 0.001, 0.003])
@pytest.mark.parametrize("frame_rate_hz", [100.0, 187.5])
def test_pulses_in_noise_are_found_at_their_level(level, frame_rate_hz):
    found = buzz(NOISE + pulses(level, frame_rate_hz), UNVOICED, frame_rate_hz)
    assert found == pytest.approx(known_db(level, frame_rate_hz), abs=0.4)


def test_what_is_sung_does_not_count():
    f0_hz = np.where(np.arange(UNVOICED.size) % 400 < 200, 200.0, 0.0)  # every other second
    is_sung = np.repeat(f0_hz > 0, 120)[: NOISE.size]
    melody = np.where(is_sung, pulses(0.01, 200.0), 0.0)
    assert buzz(NOISE + melody, f0_hz, 100.0) == pytest.approx(0.0, abs=0.3)
    assert buzz(NOISE + np.where(is_sung, 0.0, pulses(0.001)), f0_hz, 100.0) == pytest.approx(known_db(0.001), abs=0.4)


def test_windows_keep_away_from_voiced_frames_and_from_what_is_unknown():
    f0_hz = np.zeros(401)
    f0_hz[200:210] = 200.0  # 1.00 to 1.05 s
    starts = unvoiced_windows(f0_hz, 3 * RATE, 1440, 720)
    assert starts.dtype.kind == "i"
    ends = starts + 1440
    assert ends.max() <= 2 * RATE  # the contour ends there
    assert not np.any((ends > 0.99 * RATE) & (starts < 1.05 * RATE))
    assert starts[:2].tolist() == [0, 720]
    assert ends.max() > 2 * RATE - 720


def test_too_little_or_silence_is_undefined():
    short = UNVOICED[:90]
    assert math.isnan(buzz(NOISE[: 90 * 120], short, 100.0))
    assert math.isnan(buzz(NOISE, np.full(UNVOICED.size, 200.0), 100.0))
    assert math.isnan(buzz(np.zeros(NOISE.size), UNVOICED, 100.0))
    assert math.isnan(buzz(np.zeros(0), np.zeros(0), 100.0))
    assert math.isnan(comb_db(np.zeros(2000), 5.0, 100.0))
