import dataclasses

import pytest
import torch

from duetto.architectures.vocoder.shapes import (
    OPENVPI_44K,
    OPENVPI_44K_PC,
    VocoderShape,
    shape_from_config,
    vocoder_generator,
)
from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.architectures.vocoder.weights import export_weights, load_weights
from duetto.errors import CheckpointError, ConfigError
from duetto.layers.weight_norm import fold_weight_norm

TINY = VocoderShape(800, vocoder_generator(6, 16, (4, 2, 2), (8, 4, 4), (3,), ((1, 3),)), num_harmonics=2)
TINY_PC = dataclasses.replace(TINY, has_mini_source=True)
CONFIG = {
    "resblock": "1",
    "upsample_rates": [8, 8, 2, 2, 2],
    "upsample_kernel_sizes": [16, 16, 4, 4, 4],
    "upsample_initial_channel": 512,
    "resblock_kernel_sizes": [3, 7, 11],
    "resblock_dilation_sizes": [[1, 3, 5]] * 3,
    "num_mels": 128,
    "hop_size": 512,
    "sampling_rate": 44100,
}


def tiny(shape: VocoderShape = TINY) -> Vocoder:
    torch.manual_seed(0)
    return Vocoder(shape)


@pytest.mark.parametrize("shape", [TINY, TINY_PC])
def test_a_frame_becomes_a_hop_of_samples_and_all_parameters_learn(shape):
    vocoder = tiny(shape)
    waveform = vocoder(torch.randn(2, 6, 5), torch.full((2, 5), 100.0))
    assert waveform.shape == (2, 1, 5 * 16)
    waveform.square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in vocoder.parameters())


@pytest.mark.parametrize("shape", [TINY, TINY_PC])
def test_an_unvoiced_song_is_a_song(shape):
    assert torch.isfinite(tiny(shape)(torch.randn(1, 6, 5), torch.zeros(1, 5))).all()


def test_the_mini_source_is_one_sine_of_the_melody_at_a_lower_rate():
    vocoder = tiny(TINY_PC)
    sine = vocoder.generator.excite(torch.full((1, 10), 25.0))[0, 0]  # 400 Hz: 16 samples a cycle
    assert sine.shape == (80,)
    torch.testing.assert_close(sine[:16], torch.sin(2 * torch.pi * torch.arange(1, 17) / 16), rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [TINY, TINY_PC])
def test_the_field_s_weights_load_strictly_and_leave_as_they_came(shape):
    weights = {name: torch.randn_like(tensor) for name, tensor in export_weights(tiny(shape)).items()}
    vocoder = tiny(shape)
    load_weights(vocoder, weights)
    assert all(torch.equal(tensor, weights[name]) for name, tensor in export_weights(vocoder).items())
    with pytest.raises(CheckpointError, match=r"lacks 1 tensors: conv_pre\.bias"):
        load_weights(vocoder, {name: tensor for name, tensor in weights.items() if name != "conv_pre.bias"})


def test_a_folded_vocoder_sounds_the_same_and_cannot_be_exported():
    vocoder, silent = tiny(), torch.zeros(1)
    mel, f0_hz = torch.randn(1, 6, 5), torch.full((1, 5), 100.0)
    before = vocoder(mel, f0_hz, silent)
    fold_weight_norm(vocoder)
    torch.testing.assert_close(vocoder(mel, f0_hz, silent), before, rtol=0, atol=1e-5)
    with pytest.raises(ValueError, match="folded"):
        export_weights(vocoder)


def test_the_published_config_gives_the_published_shape():
    assert shape_from_config(CONFIG) == OPENVPI_44K
    assert shape_from_config(CONFIG | {"mini_nsf": True, "pc_aug": True}) == OPENVPI_44K_PC


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"num_mels": None}, "another type"),
        ({"hop_size": 256}, "hop_size 256"),
        ({"resblock": "2"}, "resblock 2"),
        ({"upsample_kernel_sizes": [16]}, "differ in length"),
        ({"upsample_rates": [8, 8, 0, 2, 2], "hop_size": 0}, "below 1"),
    ],
)
def test_a_config_that_cannot_be_built_is_refused_in_words(change, words):
    with pytest.raises((CheckpointError, ConfigError), match=words):
        shape_from_config(CONFIG | change)


def test_a_config_that_lacks_a_field_says_which():
    with pytest.raises(CheckpointError, match="lacks num_mels"):
        shape_from_config({name: value for name, value in CONFIG.items() if name != "num_mels"})
