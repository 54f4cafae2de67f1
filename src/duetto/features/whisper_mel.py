"""Whisper's input: a log mel of 80 bands, frame t at sample t * 160 of 16 kHz.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022 (MIT), section 2.2 and its
published feature extraction.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from duetto.storage.audio import Waveform

SAMPLE_RATE = 16_000  # Hz
N_FFT, HOP_LENGTH, N_MELS = 400, 160, 80
WINDOW_FRAMES = 3000  # 30 s, the longest that the network reads at once
FLOOR_POWER, RANGE_LOG10 = 1e-10, 8.0  # of the mel, and its range below its maximum
Mel = NDArray[np.float32]  # (80, T), power


def power_mel(samples: Waveform) -> Mel:
    """Power mel (80, T) of samples at 16 kHz, before the logarithm."""
    padded = np.pad(samples.astype(np.float64), N_FFT // 2, mode="reflect" if samples.size > N_FFT else "constant")
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP_LENGTH][: samples.size // HOP_LENGTH]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    mel: Mel = (mel_filters() @ power.T).astype(np.float32)
    return mel


def normalised(mel: Mel) -> Mel:
    """The network's input: log10 within 8 of the maximum, scaled, silence up to thirty seconds."""
    logarithm = np.log10(np.maximum(np.pad(mel, ((0, 0), (0, WINDOW_FRAMES - mel.shape[1]))), FLOOR_POWER))
    floored = np.maximum(logarithm, logarithm.max() - RANGE_LOG10)
    return np.asarray((floored + 4.0) / 4.0, np.float32)


@lru_cache(maxsize=1)
def mel_filters() -> NDArray[np.float64]:
    """Slaney's filters, (80, 201)."""
    from librosa.filters import mel  # slow

    return np.asarray(mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS), np.float64)
