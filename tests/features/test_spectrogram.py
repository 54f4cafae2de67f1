"""Spectrograms against hand-made and independent values."""

import librosa
import numpy as np
import pytest
import torch

from duetto.features.spectrogram import linear_spectrogram, log_mel, mel_filterbank, mel_from_linear

SAMPLE_RATE, N_FFT, HOP = 24_000, 1024, 240


@pytest.mark.parametrize("num_frames", [2, 10, 37, 300])
def test_there_are_exactly_as_many_frames_as_hops(num_frames):
    assert linear_spectrogram(torch.zeros(num_frames * HOP), N_FFT, HOP).shape == (513, num_frames)


def test_leading_dimensions_are_kept():
    assert linear_spectrogram(torch.zeros(2, 3, 10 * HOP), N_FFT, HOP).shape == (2, 3, 513, 10)


def test_silence_is_the_root_of_the_epsilon():
    torch.testing.assert_close(linear_spectrogram(torch.zeros(10 * HOP), N_FFT, HOP), torch.full((513, 10), 1e-3))


def test_an_impulse_at_a_frame_centre_is_a_flat_spectrum_in_that_frame():
    waveform = torch.zeros(20 * HOP)
    waveform[10 * HOP + HOP // 2] = 1.0
    spectrogram = linear_spectrogram(waveform, N_FFT, HOP)
    torch.testing.assert_close(spectrogram[:, 10], torch.ones(513), atol=1e-5, rtol=0)
    assert int(spectrogram.sum(dim=0).argmax()) == 10


def test_magnitudes_agree_with_librosa():
    noise = np.random.default_rng(0).normal(size=50 * HOP).astype(np.float32)
    padded = np.pad(noise, (N_FFT - HOP) // 2, mode="reflect")
    expected = np.abs(librosa.stft(padded, n_fft=N_FFT, hop_length=HOP, center=False))
    ours = linear_spectrogram(torch.from_numpy(noise), N_FFT, HOP).numpy()
    np.testing.assert_allclose(ours, expected, atol=2e-3)


def test_a_length_that_is_no_multiple_of_the_hop_is_refused():
    with pytest.raises(ValueError, match="multiple of the hop"):
        linear_spectrogram(torch.zeros(10 * HOP + 1), N_FFT, HOP)


def test_too_short_to_reflect_is_refused():
    with pytest.raises(ValueError, match="above 392"):
        linear_spectrogram(torch.zeros(HOP), N_FFT, HOP)


def test_the_filterbank_is_librosas_and_no_band_is_empty():
    filterbank = mel_filterbank(SAMPLE_RATE, N_FFT, 80, 0.0, None)
    np.testing.assert_allclose(filterbank, librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=80), atol=1e-7)
    assert (filterbank.sum(dim=1) > 0).all()


def test_gradient_reaches_silence_and_stays_finite_even_when_the_window_was_first_made_in_inference_mode():
    with torch.inference_mode():
        linear_spectrogram(torch.zeros(10 * 200), 800, 200)
        mel_filterbank(SAMPLE_RATE, 800, 40, 0.0, None)
    waveform = torch.zeros(10 * 200, requires_grad=True)
    mel = mel_from_linear(linear_spectrogram(waveform, 800, 200), mel_filterbank(SAMPLE_RATE, 800, 40, 0.0, None))
    log_mel(mel).sum().backward()
    assert torch.isfinite(waveform.grad).all()


def test_half_precision_autocast_does_not_reach_the_spectrogram():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mel = mel_from_linear(
            linear_spectrogram(torch.randn(10 * HOP).bfloat16(), N_FFT, HOP),
            mel_filterbank(SAMPLE_RATE, N_FFT, 80, 0, None),
        )
    assert mel.dtype == torch.float32


def test_the_logarithm_stops_at_its_floor():
    assert log_mel(torch.tensor([0.0, 1.0])).tolist() == pytest.approx([-11.512925, 0.0])
