import torch

from duetto.architectures.vocoder.augmentation import augment_waveforms
from duetto.storage.full_scale import PEAK_LIMIT

RATE = 24_000


def noise(level: float = 0.05) -> torch.Tensor:
    return level * torch.randn(16, 4800, generator=torch.Generator().manual_seed(0))


def test_nothing_asked_for_changes_nothing():
    torch.testing.assert_close(augment_waveforms(noise(), RATE, 0.0, 0.0), noise())


def test_the_level_moves_within_its_bounds_and_nothing_else():
    torch.manual_seed(0)
    ratios = augment_waveforms(noise(), RATE, 12.0, 0.0) / noise()
    assert (ratios.amax(1) / ratios.amin(1) - 1).abs().max() < 0.01
    level_db = 20 * torch.log10(ratios.median(1).values)
    assert level_db.abs().max() <= 12.0
    assert level_db.max() > 6.0
    assert level_db.min() < -6.0


def test_the_filter_has_the_spread_that_was_asked_for_and_no_delay():
    torch.manual_seed(0)
    impulses = torch.zeros(400, 2400)
    impulses[:, 1200] = 0.05
    varied = augment_waveforms(impulses, RATE, 0.0, 6.0)
    assert (varied.abs().argmax(1) == 1200).all()
    gain_db = 20 * torch.log10(torch.fft.rfft(varied).abs() / 0.05)
    assert 5.0 < gain_db[:, -1].std() < 7.0  # the last knot, half the sampling rate
    assert gain_db[:, 900:1100].std(1).mean() < 1.0  # smooth: hardly another within a quarter of an octave


def test_loud_examples_stay_below_full_scale():
    torch.manual_seed(0)
    loud = noise() / noise().abs().amax(1, keepdim=True) * 0.9
    assert augment_waveforms(loud, RATE, 20.0, 6.0).abs().max() <= PEAK_LIMIT + 1e-4


def test_examples_differ_from_each_other_and_repeat_with_the_seed():
    same = torch.ones(2, 1) * noise()[:1]
    torch.manual_seed(3)
    first = augment_waveforms(same, RATE, 6.0, 6.0)
    torch.manual_seed(3)
    assert torch.equal(first, augment_waveforms(same, RATE, 6.0, 6.0))
    assert not torch.allclose(first[0], first[1], rtol=0.05)
