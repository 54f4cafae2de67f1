"""RVC with a latent of mels: before training it is copy synthesis through a vocoder, and the linear baseline.

The decoder that is its prior learns in pretraining, and is only read while a voice is learned.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from duetto.architectures.rvc.config import RVCConfig
from duetto.architectures.rvc.mel_latent import MelLatentSynthesizer, hz_of
from duetto.architectures.rvc.renderer import build_rvc
from duetto.architectures.rvc.training import RVCModule
from duetto.architectures.rvc.vocoder_start import load_discriminator, start_as_vocoder, vocoder_digests, vocoder_of
from duetto.architectures.vocoder.find import find_vocoder
from duetto.architectures.vocoder.load import load_vocoder_into
from duetto.architectures.vocoder.renderer import vocoder_shape
from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.errors import CheckpointError, ConfigError
from duetto.features.f0 import pitch_to_coarse
from duetto.features.mel import waveform_to_mel
from duetto.features.spectrogram import linear_spectrogram
from duetto.layers.auxiliary_decoder import distance
from duetto.settings.conf_files import read_shape
from duetto.settings.config import FeaturesConfig, from_dict
from duetto.settings.model_config import AuxiliaryConfig
from duetto.training.module import Start

NUM_FRAMES = 40
SMALL = {"num_layers": 2, "channels": 16}


@pytest.fixture(scope="module")
def compact() -> tuple[FeaturesConfig, RVCConfig]:
    values = read_shape("rvc_compact")
    features = from_dict(FeaturesConfig, values["features"])
    own = {"name": "rvc", "content_dimension": features.content.dimension, "num_speakers": 2}
    mel_latent = {
        "has_mel_latent": True,
        "inter_channels": features.n_mels,
        "generator_vocoder": "auto",
        "auxiliary": SMALL,
    }
    return features, from_dict(RVCConfig, values["model"] | own | mel_latent)


@pytest.fixture(scope="module")
def network(compact) -> MelLatentSynthesizer:
    features, model = compact
    torch.manual_seed(0)
    network = build_rvc(model, features).eval()
    assert isinstance(network, MelLatentSynthesizer)
    start_as_vocoder(network, model, features)
    network.auxiliary.linear.mel_mean.normal_(-5.0, 1.0)
    network.auxiliary.linear.mel_spread.uniform_(0.5, 2.0)
    torch.nn.init.normal_(network.auxiliary.linear.shared.weight, std=0.02)
    return network


@pytest.fixture
def waveform(compact) -> torch.Tensor:
    return 0.1 * torch.randn(1, NUM_FRAMES * compact[0].hop_length, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_at_first_the_generator_reads_the_mel_of_the_recording_whoever_the_speaker_is(network, compact, waveform):
    features, _ = compact
    spectrogram = linear_spectrogram(waveform, features.n_fft, features.hop_length)
    for speaker in (0, 1):
        mean, _ = network.posterior(spectrogram, torch.ones(1, 1, NUM_FRAMES), torch.tensor([speaker]))
        heard = network.generator_input(mean, torch.tensor([speaker]))
        torch.testing.assert_close(heard, waveform_to_mel(waveform, features), atol=1e-3, rtol=1e-4)


@torch.no_grad()
def test_at_first_copy_synthesis_is_that_of_the_vocoder(network, compact, waveform):
    features, model = compact
    vocoder = Vocoder(vocoder_shape(features.n_mels, model.generator, features.sample_rate)).eval()
    load_vocoder_into(vocoder, "auto", features)
    f0_hz, noise = torch.zeros(1, NUM_FRAMES), torch.zeros(1)
    mel = waveform_to_mel(waveform, features)
    spectrogram = linear_spectrogram(waveform, features.n_fft, features.hop_length)
    speaker = torch.tensor([1])
    mean, _ = network.posterior(spectrogram, torch.ones(1, 1, NUM_FRAMES), speaker)
    ours = network.decode(network.generator_input(mean, speaker), f0_hz, network.embed_speaker(speaker), noise)
    torch.testing.assert_close(ours, vocoder(mel, f0_hz, noise), atol=1e-4, rtol=0)


@torch.no_grad()
def test_at_first_the_prior_is_the_linear_baseline(network, compact):
    content = torch.randn(1, NUM_FRAMES, compact[1].content_dimension)
    mean, log_std = network.prior(content, torch.ones(1, NUM_FRAMES, dtype=torch.int64), torch.ones(1, 1, NUM_FRAMES))
    predicted = network.generator_input(mean, torch.tensor([1]))
    torch.testing.assert_close(predicted, network.auxiliary.linear(content, torch.tensor([1])))
    assert not log_std.any()


def test_padding_is_zero_in_both_latents(network, compact, waveform):
    features, model = compact
    mask = torch.ones(1, 1, NUM_FRAMES)
    mask[..., 30:] = 0
    spectrogram = linear_spectrogram(waveform, features.n_fft, features.hop_length)
    posterior, _ = network.posterior(spectrogram, mask, torch.tensor([0]))
    prior, _ = network.prior(
        torch.randn(1, NUM_FRAMES, model.content_dimension), torch.ones(1, NUM_FRAMES, dtype=torch.int64), mask
    )
    assert posterior[..., :30].any()
    assert not posterior[..., 30:].any()
    assert not prior[..., 30:].any()


def test_the_vocoder_and_its_discriminators_are_in_the_signature(compact):
    features, model = compact
    assert list(vocoder_digests(model, features)) == ["generator_vocoder", "vocoder_discriminator"]
    assert vocoder_digests(replace(model, generator_vocoder=None), features) == {}


def test_where_no_vocoder_that_ships_fits_the_generator_starts_from_random_weights(compact):
    features, model = compact
    narrow = replace(model, generator=replace(model.generator, upsample_initial_channel=96))
    for other in (
        (narrow, features),
        (model, replace(features, hop_length=320)),
        (model, replace(features, n_fft=512)),
    ):
        assert vocoder_of(*other) is None
        assert vocoder_digests(*other) == {}
    network = RVCModule(narrow, features, 0).synthesizer
    before = network.generator.input_convolution.weight.clone()
    assert "starts from random weights" in start_as_vocoder(network, narrow, features)
    assert torch.equal(network.generator.input_convolution.weight, before)
    wide = replace(model, discriminator=replace(model.discriminator, width=0.25))
    assert list(vocoder_digests(wide, features)) == ["generator_vocoder"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"inter_channels": 64, "generator_vocoder": None}, "a mel has 80 bins"),
        ({"has_mel_latent": False, "auxiliary": AuxiliaryConfig()}, "a vocoder reads a mel"),
        ({"has_mel_latent": False, "generator_vocoder": None}, "the decoder predicts a mel"),
        ({"uses_f0": False}, "its decoder reads the pitch"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(compact, changes, complaint):
    features, model = compact
    with pytest.raises(ConfigError, match=complaint):
        replace(model, **changes).validate(features)


@torch.no_grad()
def test_every_second_example_is_generated_from_the_prior(network):
    z, prior_mean, mask = torch.randn(4, 80, 6), torch.randn(4, 80, 6), torch.ones(4, 1, 6)
    speaker = network.embed_speaker(torch.zeros(4, dtype=torch.int64))
    latent = network.trained_latent(z, prior_mean, mask, speaker, 0)
    torch.testing.assert_close(latent[::2], prior_mean[::2])  # the flow is the identity
    assert torch.equal(latent[1::2], z[1::2])
    for first in (1, 3):  # as two processes see them
        here = slice(first, first + 1)
        alone = network.trained_latent(z[here], prior_mean[here], mask[here], speaker[here], first)
        torch.testing.assert_close(alone, latent[here])
    alone = network.trained_latent(z[2:], prior_mean[2:], mask[2:], speaker[2:], 2)
    torch.testing.assert_close(alone, latent[2:])


def test_the_vocoders_discriminators_join_at_once_but_not_beside_a_base(compact):
    features, model = compact
    module = RVCModule(model, features, 0)
    before = [weight.clone() for weight in module.discriminator.parameters()]
    load_discriminator(module.discriminator, model, features)
    assert any(not torch.equal(old, new) for old, new in zip(before, module.discriminator.parameters(), strict=True))
    assert module.is_adversarial()
    module.start = Start(from_base=True)
    assert not module.is_adversarial()


def test_discriminators_of_another_shape_are_left_out_or_if_they_were_named_refused(compact):
    features, model = compact
    other = replace(model, discriminator=replace(model.discriminator, width=0.25))
    module = RVCModule(other, features, 0)
    load_discriminator(module.discriminator, other, features)  # nothing to load
    assert not module.is_adversarial()
    named = replace(other, generator_vocoder=str(find_vocoder("auto", features)))
    with pytest.raises(CheckpointError, match=r"do not fit model\.discriminator"):
        load_discriminator(module.discriminator, named, features)


def test_classes_of_pitch_have_the_frequency_that_they_stand_for():
    hz = np.array([0.0, 60.0, 110.0, 440.0, 1000.0, 5000.0])
    heard = hz_of(torch.from_numpy(pitch_to_coarse(hz))).numpy()
    assert heard[0] == 0.0
    np.testing.assert_allclose(heard[1:], [60.0, 110.0, 440.0, 1000.0, 1100.0], rtol=0.03)


@pytest.mark.parametrize(
    ("start", "trains", "learns"), [(False, False, True), (True, False, False), (True, True, True)]
)
def test_the_decoder_learns_in_pretraining_or_where_it_is_asked_to(compact, start, trains, learns):
    features, model = compact
    module = RVCModule(replace(model, trains_auxiliary=trains), features, 0)
    module.start = Start(from_base=start)
    module._choose_auxiliary()
    auxiliary = module.synthesizer.auxiliary
    assert auxiliary.training is learns
    assert auxiliary.out.weight.requires_grad is learns
    assert not auxiliary.linear.shared.weight.requires_grad  # solved, not learned


def test_losses_of_the_sound_do_not_reach_the_decoder_and_its_own_does(network, compact):
    features, model = compact
    spectrogram = linear_spectrogram(0.1 * torch.randn(2, 9600), features.n_fft, features.hop_length)
    content, pitch = torch.randn(2, NUM_FRAMES, model.content_dimension), torch.full((2, NUM_FRAMES), 90)
    f0_hz, lengths = torch.full((2, NUM_FRAMES), 200.0), torch.tensor([NUM_FRAMES, NUM_FRAMES])
    made = network(content, f0_hz, pitch, spectrogram, lengths, torch.tensor([0, 1]))
    made.waveform.square().mean().backward()
    assert network.auxiliary.out.weight.grad is None
    distance(made.prior_mean, made.posterior_mean, made.mask).backward()
    assert network.auxiliary.out.weight.grad.abs().sum() > 0
    network.zero_grad()
