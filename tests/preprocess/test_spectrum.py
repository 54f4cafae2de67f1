import numpy as np
import pytest

from duetto.preprocess.spectrum import OVERLAP, bin_frequencies_hz, fft_size, power_blocks, transform_spectrum


@pytest.mark.parametrize("num_samples", [0, 1, 63, 64, 1000])
@pytest.mark.parametrize("num_channels", [1, 2])
def test_a_transform_that_changes_nothing_gives_the_samples_back(num_samples: int, num_channels: int):
    waveform = np.random.default_rng(0).uniform(-1, 1, (num_channels, num_samples)).astype(np.float32)
    same = transform_spectrum(waveform, 64, lambda spectrum: spectrum, block_frames=7)
    assert same.dtype == np.float32
    assert np.allclose(same, waveform, atol=1e-6)


def test_context_hides_the_blocks():
    waveform = np.random.default_rng(0).uniform(-1, 1, (1, 5000)).astype(np.float32)

    def average_over_time(spectrum: np.ndarray) -> np.ndarray:
        padded = np.pad(spectrum, [(0, 0), (1, 1), (0, 0)])
        return (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3

    whole = transform_spectrum(waveform, 64, average_over_time)
    blocks = transform_spectrum(waveform, 64, average_over_time, context_frames=1, block_frames=9)
    seams = transform_spectrum(waveform, 64, average_over_time, block_frames=9)
    assert np.allclose(blocks, whole, atol=1e-6)
    assert not np.allclose(seams, whole, atol=1e-3)


def test_the_power_of_a_sine_on_a_bin_is_that_of_its_window():
    n_fft, level = 256, 0.5
    tone = (level * np.sin(2 * np.pi * 16 * np.arange(4096) / n_fft)).astype(np.float32)
    power = np.concatenate(list(power_blocks(tone, n_fft, block_frames=5)))
    assert power.shape == (4096 // 64 + OVERLAP - 1, 129)
    assert power[20, 16] == pytest.approx((level * n_fft / 4) ** 2, rel=1e-4)  # level / 2 times the window's sum


def test_window_lengths_are_powers_of_two_near_the_duration():
    assert fft_size(2048 / 44_100, 44_100) == 2048
    assert fft_size(2048 / 44_100, 48_000) == 2048
    assert fft_size(0.0001, 8_000) == 16
    assert bin_frequencies_hz(4, 8_000).tolist() == [0, 2000, 4000]
