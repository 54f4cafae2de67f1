"""The mel-cepstrum of a performance's envelope.

Equation: log|H| = c_0 + sum_m c_m cos(m w) over a mel-spaced axis w. Each envelope is clamped 60 dB below its
maximum, so that differences between digital silence and faint noise do not dominate; the level c_0 is left out.
"""

import math

import numpy as np
import scipy.fft

from duetto.evaluation.analysis.world import FloatArray, spectral_envelope
from duetto.storage.audio import Waveform

ORDER = 24  # cepstral coefficients, without the level c_0
CLAMP_DB = 60.0  # below a frame's maximum
NUM_MEL_POINTS = 128  # samples of the mel axis, well above 2 * ORDER


def mel_cepstrum(waveform: Waveform, f0_hz: FloatArray, sample_rate: int) -> FloatArray:
    """Cepstral coefficients c_1 to c_24 of the clamped envelope, (T, 24), in nepers; T as `f0_hz`."""
    return cepstrum_of_envelope(spectral_envelope(waveform, f0_hz, sample_rate), sample_rate)


def cepstrum_of_envelope(power: FloatArray, sample_rate: int) -> FloatArray:
    """Mel-cepstrum without c_0 of a clamped power envelope (T, F), (T, 24), in nepers."""
    floor = power.max(axis=1, keepdims=True) * 10.0 ** (-CLAMP_DB / 10.0)
    log_amplitude = 0.5 * np.log(np.maximum(power, np.maximum(floor, np.finfo(np.float64).tiny)))
    on_mel_axis = log_amplitude @ _mel_interpolation(power.shape[1], sample_rate)
    # scipy's DCT-II is 2 sum x cos; divided by the number of points it gives c_m of log|H| = c_0 + sum c_m cos
    coefficients: FloatArray = scipy.fft.dct(on_mel_axis, type=2, axis=1)[:, 1 : ORDER + 1] / NUM_MEL_POINTS
    return coefficients


def _mel_interpolation(num_bins: int, sample_rate: int) -> FloatArray:
    """Linear interpolation from FFT bins to midpoints of equal mel intervals, (F, 128)."""
    top_mel = _hz_to_mel(sample_rate / 2.0)
    mels = (np.arange(NUM_MEL_POINTS) + 0.5) / NUM_MEL_POINTS * top_mel
    positions = 700.0 * (10.0 ** (mels / 2595.0) - 1.0) / (sample_rate / 2.0) * (num_bins - 1)
    lower = np.minimum(positions.astype(int), num_bins - 2)
    share = positions - lower
    weights = np.zeros((num_bins, NUM_MEL_POINTS))
    weights[lower, np.arange(NUM_MEL_POINTS)] = 1.0 - share
    weights[lower + 1, np.arange(NUM_MEL_POINTS)] = share
    return weights


def _hz_to_mel(frequency_hz: float) -> float:
    return 2595.0 * math.log10(1.0 + frequency_hz / 700.0)  # O'Shaughnessy 1987
