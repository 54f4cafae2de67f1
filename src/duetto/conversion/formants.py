"""Formant shift: moves the spectral envelope of a voice, without changing its pitch or length.

The envelope of the converted voice is measured pitch-adaptively and each short-time spectrum is multiplied by the ratio
of the stretched envelope to the measured one; phases stay, so harmonics stay where they are. Applio stretches the
envelope of the source instead, before the content encoder; since the network generates the target's formants anyway,
only an unknown part of the shift is audible.

Reference: Morise, "CheapTrick, a spectral envelope estimator for high-quality speech synthesis", Speech Communication
67, 2015 (the envelope, WORLD's); Roebel and Rodet, "Efficient spectral envelope estimation", DAFx 2005 (the filtering).
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from duetto.conversion.chunking import Grid
from duetto.storage.audio import Waveform
from duetto.units import db_to_amplitude, semitones_to_ratio
from duetto.world import envelope_size, power_envelope

WINDOW_S = 0.042  # of the filter: three periods of 71 Hz
STEP_S = 0.005  # between spectra
MAX_GAIN_DB = 30.0  # of a band; envelopes have deep valleys where there is no sound


def shift_formants(waveform: Waveform, f0_hz: NDArray[np.float32], grid: Grid, semitones: float) -> Waveform:
    """Move every formant by a ratio.

    Args:
        waveform: (T * hop,).
        f0_hz: Its pitch, (T,), 0.0 = unvoiced.
        grid: Rate and hop.
        semitones: Positive = upwards, as from a shorter vocal tract; 0 returns the waveform itself.

    Returns:
        (T * hop,).
    """
    if semitones == 0:
        return waveform
    rate = grid.sample_rate
    n_fft = min(2 ** math.ceil(math.log2(WINDOW_S * rate)), envelope_size(rate))
    step = int(STEP_S * rate)
    times_s = np.arange(len(waveform) // step + 1) * step / rate
    nearest = np.clip((times_s * rate / grid.hop_length).astype(np.int64), 0, len(f0_hz) - 1)
    samples = waveform.astype(np.float64)
    power = power_envelope(samples, f0_hz[nearest].astype(np.float64), times_s, rate)[
        :, :: envelope_size(rate) // n_fft
    ]
    gain = np.sqrt(_stretch(power, semitones_to_ratio(semitones)) / power)
    limit = db_to_amplitude(MAX_GAIN_DB)
    return _filter(waveform, np.clip(gain, 1 / limit, limit), n_fft, step)


def _stretch(power: NDArray[np.float64], ratio: float) -> NDArray[np.float64]:
    """Envelopes (F, bins) read at frequency / ratio, geometric between bins, constant above the highest."""
    bins = power.shape[1]
    position = np.minimum(np.arange(bins) / ratio, bins - 1.0)
    left = np.minimum(position.astype(np.int64), bins - 2)
    share = position - left
    log_power = np.log(power)
    return np.asarray(np.exp(log_power[:, left] * (1.0 - share) + log_power[:, left + 1] * share))


def _filter(waveform: Waveform, gain: NDArray[np.float64], n_fft: int, step: int) -> Waveform:
    """Multiply the short-time spectra by a gain (F, n_fft // 2 + 1) and overlap-add them."""
    window = torch.hann_window(n_fft)
    samples = torch.from_numpy(np.array(waveform, np.float32))
    spectrum = torch.stft(samples, n_fft, step, window=window, return_complex=True, pad_mode="constant")
    spectrum *= torch.from_numpy(gain.T.astype(np.float32))
    return np.asarray(torch.istft(spectrum, n_fft, step, window=window, length=len(waveform)).numpy())
