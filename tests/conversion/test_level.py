import numpy as np
import pytest

from duetto.conversion.converter import ConversionRequest
from duetto.conversion.level import RmsMeter, level_gain
from tests.conversion.transparent import RATE, transparent_converter


def envelope(waveform, sizes=(1,)):
    meter = RmsMeter(RATE)
    start = 0
    for size in (*sizes, len(waveform)):
        meter.add(waveform[start : start + size])
        start += size
    return meter.envelope()


def tone(seconds: float, level: float) -> np.ndarray:
    return (level * np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def test_the_envelope_is_the_rms_of_one_second_around_each_half_second():
    waveform = np.random.default_rng(0).normal(0, 0.1, RATE * 5 + 777).astype(np.float32)
    padded = np.pad(waveform.astype(np.float64), RATE // 2)  # upstream's librosa frames are centred in zeros
    starts = range(0, len(waveform) + 1, RATE // 2)
    expected = [np.sqrt(np.mean(padded[start : start + RATE] ** 2)) for start in starts]
    for sizes in ((1,), (999, 30_000, 5)):
        np.testing.assert_allclose(envelope(waveform, sizes)[:10], expected[:10], rtol=1e-6)


def test_full_matching_gives_the_sources_level_and_none_leaves_the_output_alone():
    source = np.concatenate([tone(4, 0.2), tone(4, 0.05)])
    for level_match, expected in ((1.0, 1.0), (0.5, 3.0**0.5), (0.0, 3.0)):
        converter = transparent_converter(gain=3.0)
        output = converter.convert(source, ConversionRequest(level_match=level_match)).waveform
        for middle in (2, 6):
            part = slice(middle * RATE, (middle + 1) * RATE)
            ratio = np.sqrt(np.mean(output[part] ** 2) / np.mean(source[part] ** 2))
            assert ratio == pytest.approx(expected, rel=0.01)


def test_silence_stays_silent_and_finite():
    source = np.concatenate([tone(3, 0.2), np.zeros(3 * RATE, np.float32), tone(3, 0.2)])
    output = transparent_converter().convert(source, ConversionRequest(level_match=1.0)).waveform
    assert np.isfinite(output).all()
    assert np.abs(output[int(4.2 * RATE) : int(4.8 * RATE)]).max() < 1e-3


def test_the_residue_of_a_silent_passage_is_not_blown_up():
    gain = level_gain(np.full(5, 0.1), np.full(5, 1e-9), 0, 1000, RATE // 2, 1.0)
    assert gain.max() == pytest.approx(10**1.5)
    assert (level_gain(np.zeros(5), np.zeros(5), 0, 10, RATE // 2, 0.5) == 0).all()
