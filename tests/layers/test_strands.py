"""Fewer multiplications, the same convolution."""

import pytest
import torch
import torch.nn.functional as F

from duetto.layers.strands import LARGEST_DILATION, combine_taps, convolve_strands, from_strands, to_strands


@pytest.mark.parametrize("num_frames", [1, 15, 16, 17, 100])
def test_strands_hold_every_frame_and_give_it_back(num_frames):
    x = torch.randn(2, 3, num_frames)
    stranded = to_strands(x)
    assert torch.equal(from_strands(stranded, num_frames), x)
    assert float(stranded.abs().sum()) == pytest.approx(float(x.abs().sum()), rel=1e-5)  # zeros after the last frame


@pytest.mark.parametrize("dilation", [1, 2, 4, LARGEST_DILATION])
@pytest.mark.parametrize("num_frames", [1, 5, 16, 33, 100])
def test_four_products_for_six_are_the_same_convolution(dilation, num_frames):
    torch.manual_seed(0)
    x, weight = torch.randn(2, 6, num_frames, dtype=torch.float64), torch.randn(8, 6, 3, dtype=torch.float64)
    expected = F.conv1d(x, weight, padding=dilation, dilation=dilation)
    found = from_strands(convolve_strands(to_strands(x), combine_taps(weight), dilation), num_frames)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
