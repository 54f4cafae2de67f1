"""The mel arrays of the Diff-SVC reference files, computed with ours."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from duetto.features.mel import (
    NSF_HIFIGAN_44K,
    PARALLEL_WAVEGAN_24K,
    log_mel_spectrogram,
    natural_to_log10,
)
from duetto.features.spectrogram import mel_filterbank

Arrays = dict[str, NDArray]


def chirp_and_tone(sample_rate: int, num_samples: int) -> NDArray[np.float32]:
    """A rising tone over a harmonic tone of 220 Hz, (S,)."""
    t = np.arange(num_samples, dtype=np.float64) / sample_rate
    waveform = 0.3 * np.sin(2 * np.pi * (200 * t + 700 * t * t))
    waveform += sum(0.1 / h * np.sin(2 * np.pi * 220 * h * t) for h in range(1, 9))
    return waveform.astype(np.float32)


def waveform_arrays(waveform: NDArray[np.float32]) -> Arrays:
    """What identifies the waveform."""
    return {
        "wav_first8": waveform[:8],
        "wav_last8": waveform[-8:],
        "wav_sum": np.array(waveform.astype(np.float64).sum()),
        "n_samples": np.array(len(waveform)),
    }


def mel_44k(_: Arrays) -> Arrays:
    """Mel in both domains of the 44.1 kHz form."""
    waveform = chirp_and_tone(44100, 88200)
    mel = log_mel_spectrogram(torch.from_numpy(waveform), NSF_HIFIGAN_44K)
    form = NSF_HIFIGAN_44K
    filters = mel_filterbank(form.sample_rate, form.n_fft, form.n_mels, form.min_hz, form.max_hz)
    return waveform_arrays(waveform) | {
        "mel_ln": mel.numpy(),
        "mel_log10": natural_to_log10(mel).mT.contiguous().numpy(),
        "mel_basis": filters.numpy(),
        "mel_ln_f64": exact_mel_44k(waveform, filters.double()),
    }


def exact_mel_44k(waveform: NDArray[np.float32], filters: Tensor) -> NDArray[np.float32]:
    """The same mel with everything after the waveform in float64."""
    form = NSF_HIFIGAN_44K
    edge = (form.n_fft - form.hop_length) // 2
    padded = np.pad(waveform.astype(np.float64), edge, mode="reflect")
    starts = range(0, len(padded) - form.n_fft + 1, form.hop_length)
    window = torch.hann_window(form.n_fft, dtype=torch.float64).numpy()
    spectra = np.fft.rfft(np.stack([padded[start : start + form.n_fft] * window for start in starts])).T
    magnitude = np.sqrt(np.abs(spectra) ** 2 + form.power_epsilon)
    return np.log(np.maximum(filters.numpy() @ magnitude, form.floor)).astype(np.float32)


def mel_24k(_: Arrays) -> Arrays:
    """Mel of the 24 kHz form."""
    waveform = chirp_and_tone(24000, 48000)
    mel = log_mel_spectrogram(torch.from_numpy(waveform), PARALLEL_WAVEGAN_24K)
    return waveform_arrays(waveform) | {"mel_log10": mel.numpy()}


def mel_44k_keyshift(_: Arrays) -> Arrays:
    """Natural-log mels of stretched windows and of a longer hop."""
    waveform = torch.from_numpy(chirp_and_tone(44100, 88200))
    arrays = {
        f"mel_ln_keyshift{semitones}": log_mel_spectrogram(waveform, NSF_HIFIGAN_44K, semitones).numpy()
        for semitones in (0, 3, -4)
    }
    return arrays | {"mel_ln_speed1.1": log_mel_spectrogram(waveform, NSF_HIFIGAN_44K, speed=1.1).numpy()}
