"""A long signal in pieces gives what it gives at once."""

import pytest
import torch

from duetto.layers import generator
from duetto.layers.generator import GeneratorShape, NSFGenerator

SHAPE = GeneratorShape(8, 32, (5, 4, 2), (11, 8, 4), (3, 7, 11), ((1, 3, 5), (1, 3, 5), (1, 3)))


@pytest.mark.parametrize(("num_frames", "piece_values"), [(9, 1), (61, 700), (61, 5000)])
@pytest.mark.slow
def test_a_waveform_decoded_in_pieces_is_the_one_decoded_at_once(monkeypatch, num_frames, piece_values):
    torch.manual_seed(0)
    network = NSFGenerator(SHAPE, 8000)
    latent, f0_hz = torch.randn(2, 8, num_frames), torch.full((2, num_frames), 220.0)
    monkeypatch.setattr(generator, "PIECE_VALUES", piece_values)
    with torch.no_grad():
        pieces = network(latent, f0_hz, noise=torch.zeros(1))
    whole = network(latent, f0_hz, noise=torch.zeros(1))  # with gradients nothing is cut
    assert whole.requires_grad
    torch.testing.assert_close(pieces, whole.detach(), rtol=0, atol=2e-6)


def test_the_reach_of_the_residual_blocks_is_where_a_click_is_heard():
    torch.manual_seed(0)
    network = NSFGenerator(SHAPE, 8000)
    silence = torch.zeros(1, 16, 201)
    click = silence.clone()
    click[..., 100] = 1.0
    with torch.no_grad():
        changed = sum((block(click) - block(silence)).abs().sum(dim=(0, 1)) for block in network.residual_blocks[:3])
    heard = torch.nonzero(changed > 0).flatten()
    assert int(heard.min()) == 100 - SHAPE.block_reach
    assert int(heard.max()) == 100 + SHAPE.block_reach
