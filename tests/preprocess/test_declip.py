import numpy as np
import pytest

from duetto.errors import ConfigError
from duetto.preprocess.segment import Segment
from duetto.preprocess.steps.declip import Declip, clipped_runs, fill_runs

from .conftest import RATE, silence, voice


def sine(frequency_hz: float, level: float = 1.0, duration_s: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * frequency_hz * np.arange(round(duration_s * RATE)) / RATE)).astype(np.float32)


def snr_db(clean: np.ndarray, other: np.ndarray) -> float:
    return 10 * float(np.log10(np.sum(clean**2) / np.sum((clean - other) ** 2)))


def test_runs_are_found_on_both_sides_from_three_samples_on():
    waveform = np.array([0, 1, 1, 0, 1, 1, 1, 0, -1, -1, -1, -1, 0, 1], np.float32)
    assert clipped_runs(waveform, 0.999) == [(4, 7), (8, 12)]
    assert clipped_runs(waveform * np.float32(0.05), 0.0499) == []


@pytest.mark.parametrize(
    "make", [lambda: sine(150.0), lambda: 0.6 * sine(150.0) + 0.4 * sine(330.0), lambda: voice(0.5, 0.9)]
)
def test_a_clipped_tone_becomes_what_it_was(make):
    clean = np.asarray(make(), np.float32)
    clipped = np.clip(clean, -0.7 * clean.max(), 0.7 * clean.max())
    (segment,), dropped = Declip().apply((Segment(clipped, RATE, "clip"),))
    assert snr_db(clean, segment.waveform) > snr_db(clean, clipped) + 12.0
    assert dropped[0].seconds == 0.0
    assert "100% of these were filled in" in dropped[0].reason


def test_the_share_is_that_of_the_clipped_samples():
    clipped = np.concatenate([np.full(10, 0.9, np.float32), silence(990 / RATE)])
    _, dropped = Declip().apply((Segment(clipped, RATE, "clip"),))
    assert dropped[0].reason.startswith("1.000% of the samples")


def test_samples_that_were_not_clipped_stay_and_filled_ones_lie_beyond():
    clean = sine(150.0)
    clipped = np.clip(clean, -0.8, 0.8)
    runs = clipped_runs(clipped, 0.7992)
    filled = fill_runs(clipped, runs, 0.7992)
    inside = np.zeros(len(clean), dtype=bool)
    for first, last in runs:
        inside[first:last] = True
    assert np.array_equal(filled[~inside], clipped[~inside])
    assert np.min(np.abs(filled[inside])) >= 0.799


def test_long_runs_are_left():
    clipped = sine(150.0)
    clipped[1000:1200] = 1.0
    (segment,), dropped = Declip(longest_ms=5.0).apply((Segment(clipped, RATE, "clip"),))
    assert np.array_equal(segment.waveform[1000:1200], clipped[1000:1200])
    assert "0% of these" in dropped[0].reason


@pytest.mark.parametrize("waveform", [silence(0.0), silence(0.1), voice(0.2, 0.5), voice(0.2, 0.01)])
def test_what_is_not_clipped_is_left_without_a_word(waveform: np.ndarray):
    segments = (Segment(waveform, RATE, "clip"),)
    assert Declip().apply(segments) == (segments, ())


@pytest.mark.parametrize("num_samples", [3, 5, 20, 80])
def test_runs_at_the_ends_and_in_short_clips_stay_finite(num_samples: int):
    clipped = np.ones(num_samples, np.float32)
    clipped[num_samples // 2] = 0.5
    (segment,), _ = Declip().apply((Segment(np.stack([clipped, -clipped]), RATE, "clip"),))
    assert segment.waveform.shape == (2, num_samples)
    assert np.isfinite(segment.waveform).all()


def test_a_length_of_zero_is_refused():
    with pytest.raises(ConfigError, match="longest_ms"):
        Declip(longest_ms=0.0)
