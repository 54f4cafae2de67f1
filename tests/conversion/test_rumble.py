import numpy as np
import pytest

from duetto.conversion.rumble import lowest_pitch_hz, remove_rumble, without_rumble
from duetto.conversion.samples import SampleStore


def test_the_lowest_pitch_ignores_unvoiced_and_stray_frames():
    melody = np.concatenate([np.zeros(50), np.full(1, 40.0), np.full(300, 220.0), np.full(300, 440.0)])
    assert lowest_pitch_hz(melody.astype(np.float32)) == pytest.approx(220.0)
    assert lowest_pitch_hz(np.zeros(10, np.float32)) == 0.0


def test_hum_and_offset_below_the_melody_go_and_the_melody_stays():
    rate = 24_000
    time = np.arange(2 * rate) / rate
    voice = 0.3 * np.sin(2 * np.pi * 440 * time)
    cleaned = remove_rumble((voice + 0.1 + 0.05 * np.sin(2 * np.pi * 100 * time)).astype(np.float32), rate, 440.0)
    np.testing.assert_allclose(cleaned[rate // 2 : -rate // 2], voice[rate // 2 : -rate // 2], atol=0.002)


def test_block_by_block_is_the_same_as_at_once():
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 8000 * 50 + 7).astype(np.float32)
    with SampleStore() as samples:
        samples.append(noise[:1000])
        samples.append(noise[1000:])
        blocks = list(without_rumble(samples, 8000, 0.0))
    assert len(blocks) == 3
    np.testing.assert_allclose(np.concatenate(blocks), remove_rumble(noise, 8000, 0.0), atol=1e-6)
