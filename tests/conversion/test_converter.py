"""Conversion of exact length, with nothing shifted, whatever the source."""

import numpy as np
import pytest
import torch

from duetto.config import RetrievalConfig
from duetto.conversion.converter import ConversionRequest, Converter, Tools
from duetto.conversion.rvc import RVCRenderer
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
    def extract_at(self, waveform, sample_rate, at_s):
        return np.full(len(at_s), 220.0, np.float32)


@pytest.fixture(scope="module")
def converter():
    config = tiny_config(1)
    torch.manual_seed(0)
    synthesizer = build_network(config.model, config.features).eval()
    renderer = RVCRenderer(synthesizer, config.features, 0.66666)
    return Converter(renderer, config.features, Tools(StubEncoder(), StubPitch(), None))


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


def test_a_voice_survives_the_disk(converter, tmp_path):
    config = tiny_config(1)
    save_voice(TrainedVoice(converter.renderer.synthesizer, config.model, config.features, {"name": "x"}), tmp_path)
    loaded = load_voice(tmp_path)
    assert loaded.model == config.model
    assert loaded.features == config.features
    for name, tensor in converter.renderer.synthesizer.state_dict().items():
        assert torch.equal(tensor, loaded.network.state_dict()[name])


def test_missing_truncated_and_foreign_voices_are_one_clear_error(converter, tmp_path):
    with pytest.raises(CheckpointError, match="no trained voice"):
        load_voice(tmp_path)
    config = tiny_config(1)
    save_voice(TrainedVoice(converter.renderer.synthesizer, config.model, config.features, {}), tmp_path)
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
