"""HuBERT-type encoders: the same units from every layout, at the right time, without seams."""

import importlib
import importlib.util

import numpy as np
import pytest
import torch

from duetto.errors import AudioError, ConfigError
from duetto.features.chunks import chunk_starts, encode_in_chunks
from duetto.features.hubert import HubertEncoder
from tests.features.hubert_networks import (
    DEEP,
    PROJECTED,
    RATE,
    SMALL,
    SOFT,
    in_layout,
    noise,
    random_network,
    reference_units,
    write,
)


@pytest.fixture(scope="module")
def network():
    return random_network()


@pytest.mark.parametrize("layout", ["fairseq", "transformers", "torchaudio"])
@pytest.mark.parametrize("variant", [DEEP, PROJECTED], ids=["deep", "projected"])
def test_every_layout_of_the_same_network_gives_the_same_units(tmp_path, network, layout, variant):
    audio = noise(RATE)
    units = HubertEncoder(write(tmp_path, network, layout), variant, SMALL).raw_units(audio)
    expected = reference_units(network, audio, variant.layer, variant.has_projection)
    assert units.shape == (49, variant.dimension)  # (16000 - 400) // 320 + 1
    np.testing.assert_allclose(units, expected, atol=2e-6)


def test_hubert_soft_pads_forty_zeros_a_side_and_projects(tmp_path, network):
    audio = noise(RATE)
    units = HubertEncoder(write(tmp_path, network, "hubert-soft"), SOFT, SMALL).raw_units(audio)
    assert units.shape == (50, 8)  # 16000 // 320
    np.testing.assert_allclose(units, reference_units(network, np.pad(audio, 40), 3, True), atol=2e-6)


class SoftAttentionLayers(torch.nn.Module):
    """HuBERT-soft's transformer built from PyTorch's own layer, which is what bshall's file was saved from."""

    def __init__(self, shape):
        super().__init__()
        layer = torch.nn.TransformerEncoderLayer
        self.layers = torch.nn.ModuleList(
            layer(shape.width, shape.num_heads, shape.feed_forward, 0.0, "gelu", batch_first=True)
            for _ in range(shape.num_layers)
        )


def test_hubert_softs_stacked_attention_is_pytorchs(tmp_path, network):
    weights = in_layout(network, "hubert-soft")
    soft = SoftAttentionLayers(SMALL)
    prefix = "encoder."
    soft.load_state_dict({n.removeprefix(prefix): t for n, t in weights.items() if n.startswith(prefix)})
    hidden = torch.from_numpy(noise(2 * 20 * 32)).reshape(2, 20, 32)
    expected = hidden
    with torch.no_grad():
        for ours, theirs in zip(network.encoder.transformer.layers, soft.layers, strict=True):
            hidden, expected = ours(hidden)[0], theirs(expected)
    np.testing.assert_allclose(hidden.numpy(), expected.numpy(), atol=2e-5)


@pytest.mark.parametrize("variant", [DEEP, SOFT], ids=["contentvec", "soft"])
@pytest.mark.parametrize("num_samples", [1, 199, 201, 400, 1600, 15_999])
def test_units_cover_the_waveform_whatever_its_length(tmp_path, network, variant, num_samples):
    encoder = HubertEncoder(write(tmp_path, network, variant.layouts[0]), variant, SMALL)
    units, times_s = encoder.encode(noise(num_samples), RATE, 3)
    assert units.shape == (len(times_s), variant.dimension)
    assert times_s[0] == (200 - variant.padding) / RATE
    np.testing.assert_allclose(np.diff(times_s), 0.02)
    assert num_samples / RATE <= max(times_s[-1], 0.0125) < num_samples / RATE + 0.02


@pytest.mark.parametrize("variant", [DEEP, SOFT], ids=["contentvec", "soft"])
def test_a_click_lies_in_the_unit_that_claims_its_time(tmp_path, variant):
    # without attention and position only the convolutions move; a click at a unit's centre moves that unit most
    network = random_network()
    with torch.no_grad():
        network.encoder.transformer.pos_conv_embed.conv.parametrizations.weight.original0.zero_()
        for layer in network.encoder.transformer.layers:
            layer.attention.out_proj.weight.zero_()
    encoder = HubertEncoder(write(tmp_path, network, variant.layouts[0]), variant, SMALL)
    plain, unit = noise(RATE) * 0.1, 31
    _, times_s = encoder.encode(plain, RATE, 3)
    moved = np.zeros(len(times_s))
    for offset in range(-160, 160, 20):  # over a whole unit, so that the kernels' own shapes average out
        clicked = plain.copy()
        clicked[round(times_s[unit] * RATE) + offset] += 0.5
        change = encoder.encode(clicked, RATE, 3)[0] - encoder.encode(plain, RATE, 3)[0]
        moved += np.square(change).sum(axis=1)
    near = slice(unit - 3, unit + 4)
    assert (moved[near] * times_s[near]).sum() / moved[near].sum() == pytest.approx(times_s[unit], abs=0.004)


def test_encoding_equals_the_raw_units_where_nothing_was_added(tmp_path, network):
    encoder = HubertEncoder(write(tmp_path, network, "fairseq"), DEEP, SMALL)
    audio = noise(200 + 49 * 320)  # the fiftieth unit's centre is the end: encode adds 200 zeros, raw_units none
    np.testing.assert_array_equal(encoder.encode(audio, RATE, 3)[0], encoder.raw_units(np.pad(audio, (0, 200))))


def test_another_rate_is_resampled_and_times_stay(tmp_path, network):
    encoder = HubertEncoder(write(tmp_path, network, "fairseq"), DEEP, SMALL)
    tone = np.sin(2 * np.pi * 220 * np.arange(48_000) / 48_000).astype(np.float32) * 0.3
    at_48k, times_48k = encoder.encode(tone, 48_000, 3)
    at_16k, times_16k = encoder.encode(tone[::3].copy(), RATE, 3)
    np.testing.assert_array_equal(times_48k, times_16k)
    np.testing.assert_allclose(at_48k[5:-5], at_16k[5:-5], atol=0.05)


def test_chunks_cover_everything_and_constant_frames_stay_constant():
    assert chunk_starts(10, 10, 2) == [0]
    assert chunk_starts(11, 10, 2) == [0, 1]
    assert chunk_starts(26, 10, 2) == [0, 8, 16]
    calls = []

    def encode(start, end):
        calls.append((start, end))
        return np.arange(start, end, dtype=np.float32)[:, None] * np.array([[1.0, -2.0]], dtype=np.float32)

    frames = encode_in_chunks(encode, 27, 10, 2)
    assert calls == [(0, 10), (8, 18), (16, 26), (17, 27)]
    np.testing.assert_allclose(frames[:, 0], np.arange(27), rtol=1e-6)
    np.testing.assert_allclose(frames[:, 1], -2 * np.arange(27), rtol=1e-6)


def test_the_outer_frames_of_a_chunk_do_not_count():
    def encode(start, end):
        frames = np.ones((end - start, 1), dtype=np.float32)
        frames[[0, -1]] = 100.0  # what saw nothing beyond the edge
        return frames

    frames = encode_in_chunks(encode, 27, 10, 4, context=1)[:, 0]
    assert frames[0] == frames[-1] == 100.0  # the audio ends here: there is no neighbour to ask
    np.testing.assert_array_equal(frames[1:-1], 1.0)


def test_long_audio_has_no_seam(tmp_path, network):
    encoder = HubertEncoder(write(tmp_path, network, "fairseq"), DEEP, SMALL)
    audio = noise(24 * RATE)  # 1200 units: chunks from 0 and from 200
    units, times_s = encoder.encode(audio, RATE, 3)
    assert len(units) == len(times_s) == 1201
    whole = encoder.raw_units(np.pad(audio, (0, 400)))[: len(units)]
    np.testing.assert_allclose(units, whole, atol=0.05 * whole.std())


def test_unusable_waveforms_and_another_layer_are_refused(tmp_path, network):
    encoder = HubertEncoder(write(tmp_path, network, "fairseq"), DEEP, SMALL)
    with pytest.raises(AudioError, match="NaN"):
        encoder.encode(np.array([np.nan], dtype=np.float32), RATE, 3)
    with pytest.raises(AudioError, match="empty"):
        encoder.raw_units(np.zeros(0, dtype=np.float32))
    with pytest.raises(AudioError, match="needs 400 samples"):
        encoder.raw_units(noise(399))
    with pytest.raises(ConfigError, match="opened for layer 3"):
        encoder.encode(noise(400), RATE, 2)


@pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="transformers is no dependency")
def test_units_are_those_of_transformers(tmp_path):
    transformers = importlib.import_module("transformers")
    torch.manual_seed(0)
    config = transformers.HubertConfig(
        hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=48, conv_dim=(16,) * 7
    )
    theirs = transformers.HubertModel(config).eval()
    theirs.final_proj = torch.nn.Linear(32, 8)
    torch.save(theirs.state_dict(), tmp_path / "pytorch_model.bin")
    audio = noise(RATE)
    with torch.no_grad():
        hidden = theirs(torch.from_numpy(audio)[None], output_hidden_states=True).hidden_states
        expected = {3: hidden[3][0].numpy(), 2: theirs.final_proj(hidden[2])[0].numpy()}
    for variant in (DEEP, PROJECTED):
        units = HubertEncoder(tmp_path / "pytorch_model.bin", variant, SMALL).raw_units(audio)
        np.testing.assert_allclose(units, expected[variant.layer], atol=5e-6)
