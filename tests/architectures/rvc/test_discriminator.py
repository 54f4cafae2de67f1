import torch

from duetto.architectures.rvc.discriminator import MultiPeriodDiscriminator
from duetto.architectures.rvc.losses import discriminator_loss


def test_one_scale_and_every_period_give_an_opinion():
    scores, feature_maps = MultiPeriodDiscriminator([2, 3], width=0.1)(torch.randn(2, 1, 960))
    assert len(scores) == len(feature_maps) == 3


def test_the_gradient_reaches_every_parameter():
    torch.manual_seed(0)
    jury = MultiPeriodDiscriminator([2, 3], width=0.1)
    real, _ = jury(torch.randn(2, 1, 960))
    generated, _ = jury(torch.randn(2, 1, 960))
    discriminator_loss(real, generated).backward()
    assert all(parameter.grad is not None and parameter.grad.abs().max() > 0 for parameter in jury.parameters())
