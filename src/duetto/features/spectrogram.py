"""Linear and mel spectrograms as torch functions, differentiable, on duetto's time grid.

Conventions: magnitudes, not powers; frame t is centred at sample (t + 0.5) * hop_length, because the
waveform is padded by (n_fft - hop_length) / 2 on both sides and the window slides from its start. Computed in float32
whatever the autocast state. Mel bands: Slaney's scale and area normalisation.

Reference: the spectrogram of HiFi-GAN (Kong et al., NeurIPS 2020) and VITS (Kim et al., ICML 2021).
"""

from functools import cache

import torch
from librosa.filters import mel as librosa_mel
from torch import Tensor
from torch.nn import functional

MAGNITUDE_EPSILON = 1e-6  # keeps the gradient of the root finite at silence
MEL_FLOOR = 1e-5  # smallest mel magnitude before the logarithm: -11.5


def linear_spectrogram(waveform: Tensor, n_fft: int, hop_length: int) -> Tensor:
    """Magnitude spectrogram.

    Args:
        waveform: (..., S) with S a multiple of `hop_length` and longer than (n_fft - hop_length) / 2.
        n_fft: Samples of a (Hann) window.
        hop_length: Samples from frame to frame.

    Returns:
        sqrt(re^2 + im^2 + 1e-6), (..., n_fft // 2 + 1, S // hop_length).

    Raises:
        ValueError: If S is no multiple of the hop or too short to be reflected.
    """
    num_samples = waveform.shape[-1]
    padding = (n_fft - hop_length) // 2
    if num_samples % hop_length or num_samples <= padding:
        raise ValueError(
            f"A waveform of {num_samples} samples cannot be analysed with n_fft={n_fft}, hop_length={hop_length}: "
            f"expected a multiple of the hop, above {padding}."
        )
    with torch.autocast(waveform.device.type, enabled=False):
        flat = waveform.reshape(-1, num_samples).float()
        padded = functional.pad(flat, (padding, padding), mode="reflect")
        window = hann_window(n_fft, waveform.device)
        spectrum = torch.stft(padded, n_fft, hop_length, window=window, center=False, return_complex=True)
        magnitude = torch.sqrt(spectrum.real.square() + spectrum.imag.square() + MAGNITUDE_EPSILON)
    return magnitude.reshape(*waveform.shape[:-1], *magnitude.shape[-2:])


@cache
def hann_window(length: int, device: torch.device) -> Tensor:
    """Periodic Hann window (length,), float32; do not change it in place, it is shared."""
    with torch.inference_mode(False):  # a cached inference tensor would break a later backward pass
        return torch.hann_window(length, device=device)


@cache
def mel_filterbank(
    sample_rate: int, n_fft: int, n_mels: int, min_hz: float, max_hz: float | None, device: torch.device | None = None
) -> Tensor:
    """Triangular filters of equal area on Slaney's mel scale.

    Args:
        sample_rate: Hz.
        n_fft: Samples of a window.
        n_mels: Bands.
        min_hz: Lower edge of the first band, Hz.
        max_hz: Upper edge of the last band, Hz; None = Nyquist.
        device: Where the filters are wanted; None = CPU.

    Returns:
        (n_mels, n_fft // 2 + 1), float32; do not change it in place, it is shared.
    """
    filters = librosa_mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels, fmin=min_hz, fmax=max_hz)
    with torch.inference_mode(False):
        return torch.tensor(filters, dtype=torch.float32, device=device)


def mel_from_linear(spectrogram: Tensor, filterbank: Tensor) -> Tensor:
    """Mel magnitudes (..., M, T) from linear ones (..., F, T) and filters (M, F)."""
    with torch.autocast(spectrogram.device.type, enabled=False):
        return filterbank @ spectrogram.float()


def log_mel(mel: Tensor) -> Tensor:
    """Natural logarithm of mel magnitudes, never below log(1e-5)."""
    return torch.log(torch.clamp(mel, min=MEL_FLOOR))
