import dataclasses

import pytest
import torch

from duetto.layers.generator import Generator, GeneratorShape, NSFGenerator

SHAPE = GeneratorShape(
    input_channels=6,
    initial_channels=16,
    upsample_rates=(4, 2),
    upsample_kernel_sizes=(8, 4),
    resblock_kernel_sizes=(3, 5),
    resblock_dilation_sizes=((1, 3), (1, 3)),
    speaker_channels=4,
)


def test_a_frame_becomes_the_product_of_the_rates_in_samples():
    waveform = Generator(SHAPE)(torch.randn(2, 6, 5), torch.randn(2, 4, 1))
    assert waveform.shape == (2, 1, 5 * 8)
    assert waveform.abs().max() <= 1


def test_the_excitation_and_the_speaker_are_heard():
    torch.manual_seed(0)
    generator = NSFGenerator(SHAPE, sample_rate=800)
    latent, speaker, noise = torch.randn(1, 6, 5), torch.randn(1, 4, 1), torch.zeros(1)
    low = generator(latent, torch.full((1, 5), 100.0), speaker, noise)
    high = generator(latent, torch.full((1, 5), 200.0), speaker, noise)
    other = generator(latent, torch.full((1, 5), 100.0), -speaker, noise)
    assert low.shape == (1, 1, 40)
    assert not torch.allclose(low, high)
    assert not torch.allclose(low, other)


def test_without_speaker_channels_no_speaker_is_asked_for():
    shape = dataclasses.replace(SHAPE, speaker_channels=0)
    assert NSFGenerator(shape, 800)(torch.randn(1, 6, 5), torch.full((1, 5), 100.0)).shape == (1, 1, 40)


def test_an_odd_stride_of_the_excitation_is_refused():
    shape = dataclasses.replace(SHAPE, upsample_rates=(4, 3), upsample_kernel_sizes=(8, 5))
    with pytest.raises(ValueError, match="after stage 0 is odd"):
        NSFGenerator(shape, 800)
