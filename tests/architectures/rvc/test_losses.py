import math

import pytest
import torch

from duetto.architectures.rvc.losses import (
    adversarial_loss,
    discriminator_loss,
    feature_matching_loss,
    kl_loss,
    mel_loss,
)


def test_a_discriminator_that_is_right_has_no_loss():
    assert discriminator_loss([torch.ones(2, 3)], [torch.zeros(2, 3)]) == 0


def test_discriminators_are_summed_and_positions_averaged():
    real, fake = [torch.zeros(2, 3), torch.ones(2, 5)], [torch.zeros(2, 3), torch.full((2, 5), 2.0)]
    assert discriminator_loss(real, fake) == pytest.approx(1.0 + 0.0 + 0.0 + 4.0)
    assert adversarial_loss(fake) == pytest.approx(1.0 + 1.0)


def test_feature_matching_averages_each_map_and_leaves_the_recording_alone():
    real = torch.zeros(1, 2, 2, requires_grad=True)
    fake = torch.full((1, 2, 2), 3.0, requires_grad=True)
    loss = feature_matching_loss([[real, real]], [[fake, fake]])
    assert loss.item() == pytest.approx(6.0)
    loss.backward()
    assert real.grad is None
    assert fake.grad is not None


def test_equal_distributions_have_a_divergence_of_zero_on_average():
    seeded = torch.Generator().manual_seed(0)
    shape, mask = (4, 8, 2000), torch.ones(4, 1, 2000)
    z, zeros = torch.randn(shape, generator=seeded), torch.zeros(shape)
    assert kl_loss(z, zeros, zeros, zeros, mask).item() == pytest.approx(0.0, abs=0.1)


def test_divergence_of_two_gaussians_is_the_closed_form_per_frame():
    # one channel, posterior N(1, 1) hit at its mean plus one deviation and minus one: (z - 0)^2 averages to 2
    z = torch.tensor([[[2.0, 0.0, 99.0]]])
    zeros, mask = torch.zeros(1, 1, 3), torch.tensor([[[1.0, 1.0, 0.0]]])
    log_std = torch.full((1, 1, 3), math.log(2.0))
    expected = math.log(2.0) - 0.5 + 0.5 * 2.0 / 4.0
    assert kl_loss(z, zeros, zeros, log_std, mask).item() == pytest.approx(expected, rel=1e-6)


def test_mel_loss_is_the_mean_absolute_difference():
    assert mel_loss(torch.zeros(1, 2, 2), torch.tensor([[[1.0, -1.0], [0.0, 2.0]]])).item() == 1.0
