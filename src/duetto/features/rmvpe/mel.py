"""The log mel spectrogram that RMVPE reads.

Conventions: 16 kHz, frame t is centred at sample 160 * t, edges are mirrored; 128 bins on the HTK scale from 30 Hz to
8 kHz, natural logarithm.

Reference: RVC WebUI, main, 4338f12 (its numbers are those of the public weights).
"""

from functools import cache

import torch
from librosa.filters import mel as librosa_mel
from torch import Tensor
from torch.nn import functional

from duetto.features.rmvpe.network import N_MELS
from duetto.features.spectrogram import hann_window

SAMPLE_RATE = 16_000  # Hz
HOP_LENGTH = 160  # samples
N_FFT = 1024  # samples of a (Hann) window
MIN_HZ, MAX_HZ = 30.0, 8000.0
FLOOR = 1e-5  # smallest mel magnitude before the logarithm


def log_mel(waveform: Tensor) -> Tensor:
    """Log mel of a waveform; one too short to be mirrored is lengthened by silence first.

    Args:
        waveform: (S,), 16 kHz.

    Returns:
        (M, T), T = S // 160 + 1 (of at least 513 samples).
    """
    reach = N_FFT // 2
    long_enough = functional.pad(waveform.float(), (0, max(0, reach + 1 - len(waveform))))
    window = hann_window(N_FFT, waveform.device)
    spectrum = torch.stft(long_enough, N_FFT, HOP_LENGTH, window=window, center=True, return_complex=True)
    magnitude = torch.sqrt(spectrum.real.square() + spectrum.imag.square())
    return torch.log(torch.clamp(_filters().to(waveform.device) @ magnitude, min=FLOOR))


@cache
def _filters() -> Tensor:
    filters = librosa_mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS, fmin=MIN_HZ, fmax=MAX_HZ, htk=True)
    with torch.inference_mode(False):
        return torch.from_numpy(filters)
