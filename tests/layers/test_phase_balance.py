import numpy as np
import pytest
import torch
from scipy.signal import welch

from duetto.layers.generator import GeneratorShape, NSFGenerator
from duetto.layers.phase_balance import balance_phases, balance_upsampling

RATE, HOP = 2400, 24
SHAPE = GeneratorShape(4, 16, (6, 4), (12, 8), (3,), ((1, 3),))


def sung(generator: NSFGenerator, seed: int = 0) -> np.ndarray:
    """What a constant spectrum without a melody becomes."""
    noise = torch.randn(1, 500 * HOP, 1, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return generator(torch.ones(1, 4, 500), torch.zeros(1, 500), noise=noise)[0, 0].numpy()[20 * HOP : -20 * HOP]


def comb_db(waveform: np.ndarray) -> float:
    """Power at multiples of the frame rate over that between them."""
    _, power = welch(waveform - waveform.mean(), RATE, nperseg=RATE)
    teeth = np.arange(RATE // HOP, RATE // 2, RATE // HOP)
    return float(10 * np.log10(power[teeth].mean() / np.mean([power[teeth - 40], power[teeth + 40]])))


@pytest.mark.parametrize(("size", "rate"), [(8, 4), (20, 10), (16, 10), (4, 2), (12, 6), (3, 1), (9, 3)])
def test_all_phases_have_the_same_sum_and_the_kernel_is_the_nearest_such_one(size, rate):
    kernel = torch.randn(5, 3, size, dtype=torch.float64)
    balanced = balance_phases(kernel, rate)
    sums = torch.stack([balanced[..., phase::rate].sum(-1) for phase in range(rate)])
    assert torch.allclose(sums, sums[:1].expand_as(sums), atol=1e-12)
    assert torch.allclose(balance_phases(balanced, rate), balanced, atol=1e-12)
    other = balance_phases(torch.randn_like(kernel), rate)
    assert abs(((kernel - balanced) * (other - balanced)).sum()) < 1e-9  # what was removed is orthogonal to all of them


def test_a_constant_spectrum_leaves_no_comb_at_the_frame_rate():
    torch.manual_seed(1)
    generator = NSFGenerator(SHAPE, RATE)
    assert comb_db(sung(generator)) > 10.0
    balance_upsampling(generator)
    assert comb_db(sung(generator)) < 1.0
    assert np.abs(sung(generator, 0) - sung(generator, 1)).max() > 0  # the excitation is what remains


def test_the_length_of_a_kernel_is_not_changed():
    generator = NSFGenerator(SHAPE, RATE)
    before = [upsampler.weight.norm(dim=(1, 2)) for upsampler in generator.upsamplers]
    balance_upsampling(generator)
    for upsampler, norm in zip(generator.upsamplers, before, strict=True):
        assert torch.allclose(upsampler.weight.norm(dim=(1, 2)), norm, rtol=1e-5)
