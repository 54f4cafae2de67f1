import numpy as np
import pytest
import torch

from duetto.layers.harmonic_source import HarmonicSource, phase_in_cycles

SAMPLE_RATE = 24_000
HOP_LENGTH = 240
SILENT = torch.zeros(1)


def excitation(f0_hz: torch.Tensor, num_harmonics: int = 0) -> torch.Tensor:
    return HarmonicSource(SAMPLE_RATE, HOP_LENGTH, num_harmonics).draw(f0_hz, noise=SILENT)


def test_440_hz_in_gives_440_hz_out():
    sines = excitation(torch.full((1, 100), 440.0))[0, :, 0].numpy()
    spectrum = np.abs(np.fft.rfft(sines))  # one second: bins of 1 Hz
    assert np.argmax(spectrum) == 440
    assert np.abs(sines).max() == pytest.approx(0.1, abs=1e-4)


def test_the_phase_runs_on_when_the_frequency_changes():
    f0_hz = torch.tensor([[100.0, 1000.0, 130.0, 700.0]])
    steps = excitation(f0_hz)[0, :, 0].diff().abs()
    assert steps.max() <= 0.1 * 2 * np.pi * 1000 / SAMPLE_RATE * 1.001


def test_the_phase_is_right_after_ten_minutes():
    f0_hz = torch.full((1, 60_000), 441.3)
    expected = (float(torch.tensor(441.3)) * 600.0) % 1.0
    last = float(phase_in_cycles(f0_hz, SAMPLE_RATE, HOP_LENGTH)[0, -1]) % 1.0
    assert last == pytest.approx(expected, abs=1e-6)


def test_unvoiced_frames_hold_noise_alone():
    f0_hz = torch.tensor([[0.0, 200.0]])
    assert excitation(f0_hz)[0, :HOP_LENGTH].abs().max() == 0
    noisy = HarmonicSource(SAMPLE_RATE, HOP_LENGTH).draw(f0_hz, generator=torch.Generator().manual_seed(0))
    assert noisy[0, :HOP_LENGTH].std().item() == pytest.approx(0.1 / 3, rel=0.2)


def test_one_seed_gives_one_excitation():
    f0_hz = torch.tensor([[0.0, 200.0]])
    source = HarmonicSource(SAMPLE_RATE, HOP_LENGTH)
    first, second = (source(f0_hz, generator=torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first, second)
    assert first.shape == (1, 1, 2 * HOP_LENGTH)


def test_overtones_above_half_the_sample_rate_are_silent():
    sines = excitation(torch.full((1, 10), 5000.0), num_harmonics=3)
    assert (sines.abs().amax(dim=(0, 1)) > 0).tolist() == [True, True, False, False]
