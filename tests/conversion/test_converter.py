"""Conversion of exact length, with nothing shifted, whatever the source."""

import numpy as np
import pytest
import torch

from duetto.config import RetrievalConfig
from duetto.conversion.converter import ConversionRequest
from duetto.conversion.rvc import RVCConverter, limit_peak, lowest_pitch_hz, remove_rumble
from duetto.conversion.voice import TrainedVoice, build_network, load_voice, save_voice
from duetto.errors import CheckpointError
from tests.training.tiny import WIDTH, tiny_config


class StubEncoder:
    """Content that is the loudness of each 10 ms, so that time can be checked without weights."""

    name, dimension = "stub", WIDTH

    def encode(self, waveform, sample_rate, layer):
        step = sample_rate // 100
        count = max(len(waveform) // step, 1)
        padded = np.pad(waveform, (0, count * step))[: count * step]
        level = np.abs(padded).reshape(count, step).mean(axis=1)
        return np.repeat(level[:, None], WIDTH, axis=1).astype(np.float32), (
            np.arange(count) + 0.5
        ) * step / sample_rate


class StubPitch:
    def extract(self, waveform, sample_rate, hop_length, num_frames):
        return np.full(num_frames, 220.0, np.float32)


@pytest.fixture(scope="module")
def converter():
    config = tiny_config(1)
    torch.manual_seed(0)
    synthesizer = build_network(config.model, config.features).eval()
    return RVCConverter(synthesizer, config.features, StubEncoder(), StubPitch(), None, 0.66666)


REQUEST = ConversionRequest(retrieval=RetrievalConfig(index_rate=0.0), chunk_s=2.0)


@pytest.mark.parametrize("num_samples", [800, 801, 815, 816, 817, 8000, 16001, 50_003])
def test_the_output_is_as_long_as_the_source_to_the_sample(converter, num_samples):
    source = np.random.default_rng(0).uniform(-0.5, 0.5, num_samples).astype(np.float32)
    conversion = converter.convert(source, REQUEST)
    assert len(conversion.waveform) == num_samples
    assert np.isfinite(conversion.waveform).all()
    assert len(converter.resynthesise(source, REQUEST).waveform) == num_samples


def test_the_same_request_gives_the_same_samples(converter):
    source = np.random.default_rng(0).uniform(-0.5, 0.5, 20_000).astype(np.float32)
    first, second = converter.convert(source, REQUEST), converter.convert(source, REQUEST)
    np.testing.assert_array_equal(first.waveform, second.waveform)
    assert first.num_chunks > 1


def test_a_peak_beyond_full_scale_is_lowered_and_told():
    waveform, gain_db = limit_peak(np.array([0.0, 1.96], np.float32))
    assert waveform.max() == pytest.approx(0.98)
    assert gain_db == pytest.approx(-6.02, abs=0.01)
    assert limit_peak(np.array([0.5], np.float32))[1] == 0.0


def test_a_voice_survives_the_disk(converter, tmp_path):
    config = tiny_config(1)
    save_voice(TrainedVoice(converter.synthesizer, config.model, config.features, {"name": "x"}), tmp_path)
    loaded = load_voice(tmp_path)
    assert loaded.model == config.model
    assert loaded.features == config.features
    for name, tensor in converter.synthesizer.state_dict().items():
        assert torch.equal(tensor, loaded.network.state_dict()[name])


def test_missing_truncated_and_foreign_voices_are_one_clear_error(converter, tmp_path):
    with pytest.raises(CheckpointError, match="no trained voice"):
        load_voice(tmp_path)
    config = tiny_config(1)
    save_voice(TrainedVoice(converter.synthesizer, config.model, config.features, {}), tmp_path)
    weights = tmp_path / "generator.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="damaged or truncated"):
        load_voice(tmp_path)
    weights.write_bytes(whole)
    card = tmp_path / "card.json"
    card.write_text(card.read_text().replace('"hidden_channels": 8', '"hidden_channels": 16'))
    with pytest.raises(CheckpointError, match="does not fit its card"):
        load_voice(tmp_path)


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
