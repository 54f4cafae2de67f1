import torch

from duetto.architectures.diffsvc.denoiser import Denoiser, step_embedding
from duetto.architectures.diffsvc.prepared import PreparedDenoiser
from duetto.architectures.diffsvc.shapes import DenoiserShape

SHAPE = DenoiserShape(n_mels=6, condition_channels=4, channels=8, num_layers=5, dilation_cycle=3)


def denoiser() -> Denoiser:
    torch.manual_seed(0)
    network = Denoiser(SHAPE)
    torch.nn.init.normal_(network.output_projection.weight)
    return network


def test_an_untrained_network_predicts_no_noise():
    network = Denoiser(SHAPE)
    torch.nn.init.zeros_(network.output_projection.bias)
    assert network(torch.randn(2, 6, 9), torch.tensor([3, 4]), torch.randn(2, 4, 9)).abs().max() == 0


def test_every_utterance_has_its_own_timestep():
    network, x, condition = denoiser(), torch.randn(2, 6, 9), torch.randn(2, 4, 9)
    together = network(x, torch.tensor([3.5, 700.0]), condition)
    alone = network(x[1:], torch.tensor([700.0]), condition[1:])
    torch.testing.assert_close(together[1:], alone, rtol=0, atol=1e-5)


def test_padding_never_reaches_a_real_frame():
    network, x, condition = denoiser(), torch.randn(1, 6, 30), torch.randn(1, 4, 30)
    mask = torch.ones(1, 1, 30)
    mask[..., 20:] = 0
    padded = network(x, torch.tensor([5]), condition, mask)[..., :20]
    alone = network(x[..., :20], torch.tensor([5]), condition[..., :20])
    torch.testing.assert_close(padded, alone, rtol=0, atol=1e-5)
    assert not torch.allclose(network(x, torch.tensor([5]), condition)[..., :20], alone)


def test_a_prepared_denoiser_gives_the_same_and_keeps_its_timesteps():
    network, x, condition = denoiser(), torch.randn(2, 6, 9), torch.randn(2, 4, 9)
    prepared = PreparedDenoiser(network, condition)
    for timestep in (0.0, 41.25, 41.25):
        expected = network(x, torch.full((2,), timestep), condition)
        torch.testing.assert_close(prepared(x, timestep), expected, rtol=0, atol=2e-5)
    assert set(prepared.step_table) == {0.0, 41.25}


def test_the_step_embedding_is_sines_then_cosines_of_the_timestep():
    embedded = step_embedding(torch.tensor([2.0]), 4)[0]
    expected = torch.tensor([2.0, 2e-4]).sin(), torch.tensor([2.0, 2e-4]).cos()
    torch.testing.assert_close(embedded, torch.cat(expected))


def test_the_gradient_reaches_every_parameter():
    network = denoiser()
    network(torch.randn(2, 6, 9), torch.tensor([3, 4]), torch.randn(2, 4, 9)).square().mean().backward()
    # the last layer's residual half feeds nothing, so only half of its output projection learns
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_padding_never_reaches_a_real_frame_of_a_prepared_denoiser():
    network, x, condition = denoiser(), torch.randn(2, 6, 37), torch.randn(2, 4, 37)
    mask = torch.ones(2, 1, 37)
    mask[1, :, 20:] = 0
    found = PreparedDenoiser(network, condition, mask)(x, 300.0)
    expected = network(x, torch.tensor([300, 300]), condition, mask)
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-5)
    alone = PreparedDenoiser(network, condition[1:, :, :20])(x[1:, :, :20], 300.0)
    torch.testing.assert_close(found[1:, :, :20], alone, rtol=0, atol=2e-5)


def test_other_precisions_and_wider_dilations_are_prepared_without_strands():
    network = denoiser()
    assert PreparedDenoiser(network, torch.randn(1, 4, 9)).predict is not None
    wide = Denoiser(DenoiserShape(n_mels=6, condition_channels=4, channels=8, num_layers=5, dilation_cycle=5))
    torch.nn.init.normal_(wide.output_projection.weight)
    for other, dtype in ((wide, torch.float32), (network.double(), torch.float64)):
        x, condition = torch.randn(1, 6, 9, dtype=dtype), torch.randn(1, 4, 9, dtype=dtype)
        prepared = PreparedDenoiser(other, condition)
        assert prepared.predict is None
        expected = other(x, torch.tensor([70]), condition)
        torch.testing.assert_close(prepared(x, 70.0), expected, rtol=0, atol=2e-5)
