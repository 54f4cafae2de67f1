import pytest
import torch

from duetto.layers.discriminators import PeriodDiscriminator, ScaleDiscriminator, scaled_channels


def test_width_scales_channels_to_multiples_of_four():
    assert [scaled_channels(1024, 0.25), scaled_channels(16, 0.125), scaled_channels(32, 1.0)] == [256, 4, 32]


@pytest.mark.parametrize("width", [0.1, 0.25, 0.3])
@pytest.mark.parametrize("build", [ScaleDiscriminator, lambda width: PeriodDiscriminator(7, width)])
def test_any_width_gives_scores_and_all_feature_maps(build, width):
    discriminator = build(width)
    scores, feature_maps = discriminator(torch.randn(2, 1, 1000))
    assert scores.shape[0] == 2
    assert len(feature_maps) == len(discriminator.layers) + 1
    assert torch.equal(feature_maps[-1].flatten(1), scores)


def test_a_period_discriminator_sees_only_every_pth_sample():
    torch.manual_seed(0)
    discriminator = PeriodDiscriminator(2, width=0.1)
    waveform = torch.randn(1, 1, 400)
    changed = waveform.clone()
    changed[..., 1::2] += 1.0  # odd samples only
    before, after = (discriminator(signal)[1][-1] for signal in (waveform, changed))
    assert torch.equal(before[..., 0], after[..., 0])
    assert not torch.equal(before[..., 1], after[..., 1])
