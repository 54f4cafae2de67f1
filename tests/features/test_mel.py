import dataclasses

import librosa
import numpy as np
import pytest
import torch

from duetto.errors import AudioError
from duetto.features.mel import (
    NSF_HIFIGAN_44K,
    PARALLEL_WAVEGAN_24K,
    log10_to_natural,
    log_mel_spectrogram,
    natural_to_log10,
)

SMALL = dataclasses.replace(NSF_HIFIGAN_44K, sample_rate=8000, n_fft=512, hop_length=128, n_mels=40, max_hz=4000.0)


def tone(frequency_hz: float, num_samples: int = 8000) -> torch.Tensor:
    return torch.sin(2 * torch.pi * frequency_hz * torch.arange(num_samples) / 8000) * 0.5


def test_a_centred_mel_agrees_with_librosa():
    waveform = np.random.default_rng(0).uniform(-0.5, 0.5, 4801).astype(np.float32)
    form = PARALLEL_WAVEGAN_24K
    magnitude = np.abs(librosa.stft(waveform, n_fft=form.n_fft, hop_length=form.hop_length, pad_mode="constant"))
    filters = librosa.filters.mel(sr=24000, n_fft=512, n_mels=80, fmin=30, fmax=12000)
    expected = np.log10(np.maximum(filters @ magnitude, 1e-6))
    found = log_mel_spectrogram(torch.from_numpy(waveform), form).numpy()
    assert found.shape == (80, 38)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


def test_an_uncentred_mel_has_a_frame_for_every_whole_hop():
    assert log_mel_spectrogram(tone(200.0, 128 * 5 + 127), SMALL).shape == (40, 5)
    assert log_mel_spectrogram(torch.zeros(3, 128 * 5), SMALL).shape == (3, 40, 5)


def test_silence_is_the_floor():
    mel = log_mel_spectrogram(torch.zeros(1280), SMALL)
    assert mel.exp().max() == pytest.approx(1e-5, rel=0.01)


@pytest.mark.parametrize("num_samples", [128, 200, 256])
def test_a_slice_shorter_than_a_window_is_analysed(num_samples):
    assert torch.isfinite(log_mel_spectrogram(tone(400.0, num_samples), SMALL)).all()


def test_a_slice_shorter_than_a_hop_is_refused_in_words():
    with pytest.raises(AudioError, match="shorter than one mel frame"):
        log_mel_spectrogram(tone(400.0, 100), SMALL)


@pytest.mark.parametrize("semitones", [5, -5])
def test_a_shifted_mel_is_that_of_a_shifted_tone(semitones):
    shifted = log_mel_spectrogram(tone(500.0), SMALL, semitones)[:, 10:50]
    sung = log_mel_spectrogram(tone(500.0 * 2 ** (semitones / 12)), SMALL)[:, 10:50]
    plain = log_mel_spectrogram(tone(500.0), SMALL)[:, 10:50]
    assert (shifted.argmax(0) == sung.argmax(0)).all()
    assert (shifted.amax(0) - sung.amax(0)).abs().max() < 0.2
    assert (plain.argmax(0) != sung.argmax(0)).all()


def test_a_faster_performance_has_fewer_frames():
    assert log_mel_spectrogram(tone(200.0), SMALL, speed=1.25).shape[-1] == 8000 // 160


def test_the_domains_of_diffusion_and_vocoder_are_a_millionth_apart():
    mel = torch.tensor([-11.5, 1.0])
    torch.testing.assert_close(log10_to_natural(natural_to_log10(mel)), mel * 1.000001, rtol=1e-6, atol=0)
