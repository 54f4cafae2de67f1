import numpy as np
import pytest
import torch

from duetto.architectures.diffsvc.schedule import (
    NoiseSchedule,
    denormalise_mel,
    diffuse,
    estimate_x_0,
    linear_betas,
    noise_loss,
    normalise_mel,
    posterior,
)

SCHEDULE = NoiseSchedule(linear_betas(1000, 0.02))


def test_alpha_bar_is_the_product_of_what_each_step_keeps():
    kept = np.prod(1 - np.linspace(1e-4, 0.02, 1000)[:4])
    assert float(SCHEDULE.alpha_bar[3]) == pytest.approx(kept, rel=1e-6)
    assert float(SCHEDULE.alpha_bar[-1]) < 1e-4


def test_the_forward_process_keeps_the_power_of_standard_normal_data():
    x_0, noise = torch.randn(4, 50, 200), torch.randn(4, 50, 200)
    x_t = diffuse(SCHEDULE, x_0, torch.tensor([0, 200, 500, 999]), noise)
    torch.testing.assert_close(x_t.square().mean(dim=(1, 2)), torch.ones(4), rtol=0, atol=0.06)


def test_the_true_noise_leads_back_to_x_0():
    x_0, noise, timestep = torch.randn(2, 5, 7), torch.randn(2, 5, 7), torch.tensor([3, 400])
    x_t = diffuse(SCHEDULE, x_0, timestep, noise)
    torch.testing.assert_close(estimate_x_0(SCHEDULE, x_t, timestep, noise), x_0, rtol=0, atol=1e-4)


def test_the_posterior_at_the_first_timestep_is_x_0_itself():
    x_0, x_t = torch.randn(1, 5, 7), torch.randn(1, 5, 7)
    mean, log_variance = posterior(SCHEDULE, x_0, x_t, torch.tensor([0]))
    torch.testing.assert_close(mean, x_0)
    assert log_variance.exp().max() < 1e-19


def test_padding_does_not_count_in_the_loss():
    noise, predicted = torch.zeros(2, 3, 4), torch.ones(2, 3, 4)
    predicted[1, :, 2:] = 100.0
    mask = torch.ones(2, 1, 4)
    mask[1, :, 2:] = 0
    assert noise_loss(noise, predicted, mask) == pytest.approx(1.0)
    assert noise_loss(noise, predicted * 2, mask, is_absolute=True) == pytest.approx(2.0)


def test_the_range_becomes_minus_one_to_one_for_every_bin():
    low, high = torch.tensor([[[-5.0, -4.0]]]), torch.tensor([[[0.0, 2.0]]])
    mel = torch.tensor([[[-5.0, 0.0], [-4.0, 2.0]]])  # (1, 2 bins, 2 frames)
    x_0 = normalise_mel(mel, low, high)
    assert x_0.tolist() == [[[-1.0, 1.0], [-1.0, 1.0]]]
    assert torch.equal(denormalise_mel(x_0, low, high), mel)
