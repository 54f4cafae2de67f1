"""What upstream gets wrong between source and renderer, checked on a renderer that changes nothing."""

import numpy as np
import pytest

from duetto.conversion.converter import ConversionRequest, Converter, Tools
from duetto.conversion.retrieval import build_index
from duetto.errors import ConfigError
from duetto.settings.config import FeaturesConfig, RetrievalConfig
from tests.conversion.transparent import HOP, RATE, CountingEncoder, TransparentRenderer, transparent_converter

NOISE = np.random.default_rng(0).uniform(-0.3, 0.3, RATE * 3).astype(np.float32)


class HalfVoiced:
    """220 Hz in the first half, unvoiced in the second; one array for all calls, as a cache would give."""

    def __init__(self):
        self.cached = np.where(np.arange(300) < 150, 220.0, 0.0).astype(np.float32)

    def extract_at(self, waveform, sample_rate, at_s):
        return self.cached[: len(at_s)]


def half_voiced_converter(index=None, uses_f0=True):
    renderer = TransparentRenderer()
    renderer.uses_f0 = uses_f0
    return Converter(renderer, FeaturesConfig(RATE, HOP, 1024, 80), Tools(CountingEncoder(), HalfVoiced(), index))


def test_transposing_twice_starts_from_the_same_melody_each_time():
    """Upstream shifts its cached contour in place: 200, 400, 400 Hz for a melody of 100 Hz at +12, +12, 0."""
    converter = half_voiced_converter()
    for semitones in (12.0, 12.0, 0.0):
        converter.convert(NOISE, ConversionRequest(transpose_semitones=semitones))
    assert [frames.f0_hz[0] for frames in converter.renderer.frames] == [440.0, 440.0, 220.0]


def test_cents_and_fractions_of_semitones_reach_the_renderer():
    converter = half_voiced_converter()
    converter.convert(NOISE, ConversionRequest(transpose_semitones=0.5))
    assert converter.renderer.frames[0].f0_hz[0] == pytest.approx(220.0 * 2 ** (0.5 / 12))


def test_unvoiced_frames_stay_unvoiced_so_that_protect_acts():
    """Upstream's main branch interpolates pitch through unvoiced frames, and `protect` never acts."""
    index = build_index(np.zeros((9, 1), np.float32), "counting", 0, 8, seed=0)
    converter = half_voiced_converter(index)
    request = ConversionRequest(3.0, retrieval=RetrievalConfig(index_rate=1.0, protect=0.0))
    converter.convert(NOISE, request)
    [frames] = converter.renderer.frames
    assert (frames.f0_hz[:150] > 0).all()
    assert (frames.f0_hz[150:] == 0).all()
    np.testing.assert_allclose(frames.content[:149], 0.0, atol=1e-6)  # voiced: all of the index
    assert (frames.content[151:] > 70).all()  # unvoiced: none of it


def test_a_voice_without_pitch_takes_all_of_the_index_and_refuses_to_transpose():
    index = build_index(np.zeros((9, 1), np.float32), "counting", 0, 8, seed=0)
    converter = half_voiced_converter(index, uses_f0=False)
    converter.convert(NOISE, ConversionRequest(retrieval=RetrievalConfig(index_rate=1.0, protect=0.0)))
    [frames] = converter.renderer.frames
    assert (frames.f0_hz == 0).all()
    np.testing.assert_allclose(frames.content, 0.0, atol=1e-6)
    with pytest.raises(ConfigError, match="without pitch"):
        converter.convert(NOISE, ConversionRequest(transpose_semitones=1.0))


@pytest.mark.parametrize("seconds", [1.0, 3.0, 20.0, 20.01, 47.0])
def test_no_frame_is_lost_at_an_end_or_seam(seconds):
    """Upstream gives 20 ms less than it gets and moves what follows each seam 10 ms forward."""
    source = np.resize(NOISE, int(seconds * RATE))
    converter = transparent_converter(f0_hz=220.0)
    conversion = converter.convert(source, ConversionRequest(chunk_s=5.0))
    assert len(conversion.waveform) == len(source)
    click = np.zeros_like(source)
    click[100 :: RATE // 3] = 0.9
    heard = converter.convert(click, ConversionRequest(chunk_s=5.0)).waveform
    assert set(np.flatnonzero(heard > 0.5)) == set(range(100, len(source), RATE // 3))


def test_an_unvoiced_source_converts():
    conversion = transparent_converter(f0_hz=0.0).convert(
        NOISE, ConversionRequest(formant_semitones=2.0, level_match=0.5)
    )
    assert np.isfinite(conversion.waveform).all()
    assert np.abs(conversion.waveform).max() > 0.05


def test_whole_and_stream_are_the_same_conversion():
    request = ConversionRequest(chunk_s=2.0, level_match=0.7)
    whole = transparent_converter().convert(np.resize(NOISE, RATE * 11), request).waveform
    with transparent_converter().perform(np.array_split(np.resize(NOISE, RATE * 11), 13), request) as stream:
        streamed = np.concatenate(list(stream.finish()))[: len(whole)]
    np.testing.assert_allclose(streamed, whole, atol=1e-6)
