"""Conversion of exact length, with nothing shifted, whatever the source."""

import numpy as np
import pytest
import soundfile
import torch

from duetto.architectures.rvc.renderer import RVCRenderer
from duetto.conversion.converter import ConversionRequest, Converter, Tools
from duetto.conversion.recording import convert_file
from duetto.conversion.sources import check_source
from duetto.errors import CheckpointError
from duetto.settings.config import RetrievalConfig
from duetto.voices.voice import TrainedVoice, build_network, load_voice, save_voice
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
    renderer = RVCRenderer(synthesizer, config.model, config.features)
    return Converter(renderer, config.features, Tools(StubEncoder(), StubPitch(), None))


REQUEST = ConversionRequest(retrieval=RetrievalConfig(index_rate=0.0), chunk_s=2.0)


@pytest.mark.parametrize("num_samples", [800, 801, 815, 816, 817, 8000, 16001, 50_003])
def test_the_output_is_as_long_as_the_source_to_the_sample(converter, num_samples):
    source = np.random.default_rng(0).uniform(-0.5, 0.5, num_samples).astype(np.float32)
    conversion = converter.convert(source, REQUEST)
    assert len(conversion.waveform) == num_samples
    assert np.isfinite(conversion.waveform).all()
    assert len(converter.copy_synthesise(source, REQUEST).waveform) == num_samples


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


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
def test_a_tenth_of_a_second_keeps_its_length_through_a_file(converter, tmp_path, rate):
    num_samples = rate // 10 + 1
    chirp = 0.5 * np.sin(2 * np.pi * (200 + 5000 * np.arange(num_samples) / rate) * np.arange(num_samples) / rate)
    soundfile.write(tmp_path / "in.wav", chirp, rate, subtype="FLOAT")
    convert_file(converter, check_source(tmp_path / "in.wav"), tmp_path / "out.wav", REQUEST)
    output, output_rate = soundfile.read(tmp_path / "out.wav")
    assert (len(output), output_rate) == (num_samples, rate)
    assert np.isfinite(output).all()
    assert np.abs(output).max() > 0


@pytest.mark.parametrize("seconds", [0.1, 0.5, 7.0])  # 7 s are cut into pieces
def test_a_click_is_heard_where_it_is(converter, seconds):
    """What a click changes in the output lies around it: the network moves nothing, and neither do cuts and joins."""
    rate = converter.sample_rate
    quiet = np.random.default_rng(1).uniform(-0.1, 0.1, round(seconds * rate)).astype(np.float32)
    before = converter.convert(quiet, REQUEST).waveform
    for share in (0.2, 0.5, 0.8):
        place = int(share * len(quiet))
        clicked = quiet.copy()
        clicked[place - rate // 200 : place + rate // 200] += 0.8  # 10 ms
        change = np.square(converter.convert(clicked, REQUEST).waveform - before)
        centre = np.sum(change * np.arange(len(change))) / change.sum()
        assert abs(centre - place) / rate < 0.004  # two frames; upstream is 10 ms early after each seam
