"""How far two performances of the same score are apart in timbre: the clamped mel-cepstral distortion.

MCD* is the mel-cepstral distortion over frames voiced in both, with the level of every frame removed
and each envelope clamped 60 dB below its maximum, so that digital silence against faint noise does not
dominate. There is no time warping: both sing the same score at the same time. The envelope itself moves
with pitch, so compare only at the same pitch and against the bounds.

Equation: 10 / ln 10 * sqrt(2 * sum_{m=1}^{24} (c_m - c'_m)^2) dB, where log|H| = c_0 + sum_m c_m cos(m w)
over a mel-spaced axis w. By Parseval that is the root mean square difference in dB of the two
smoothed envelopes along the mel axis.

Reference: Kubichek, Proc. IEEE Pacific Rim Conference, 1993.
"""

import math

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from duetto.evaluation.analysis.world import FloatArray, num_world_frames, spectral_envelope, track_f0
from duetto.storage.audio import Waveform

ORDER = 24  # cepstral coefficients compared, the level c_0 not among them
CLAMP_DB = 60.0  # below a frame's maximum
NUM_MEL_POINTS = 128  # samples of the mel axis, well above 2 * ORDER
DB_PER_NEPER = 20.0 / math.log(10.0)


def mel_cepstral_distortion(
    reference: Waveform, estimate: Waveform, sample_rate: int, reference_f0_hz: FloatArray | None = None
) -> float:
    """MCD* of an estimate against a reference that sings the same score.

    Args:
        reference: (S,), any level.
        estimate: (S',), any level; the longer of the two is cut.
        sample_rate: Of both, Hz.
        reference_f0_hz: Contour of the reference from `track_f0`, (T,), Hz; tracked here when None.
            It sets the analysis windows of both envelopes.

    Returns:
        dB, lower is better, 0 for the same envelope; NaN when no frame is voiced in both.
    """
    num_samples = min(reference.size, estimate.size)
    if num_samples == 0:
        return math.nan
    reference, estimate = reference[:num_samples], estimate[:num_samples]
    if reference_f0_hz is None:
        reference_f0_hz = track_f0(reference, sample_rate)
    f0_hz = reference_f0_hz[: num_world_frames(num_samples, sample_rate)]
    is_scored = (f0_hz > 0.0) & (track_f0(estimate, sample_rate)[: f0_hz.size] > 0.0)
    return cepstral_distance(
        mel_cepstrum(reference, f0_hz, sample_rate), mel_cepstrum(estimate, f0_hz, sample_rate), is_scored
    )


def mel_cepstrum(waveform: Waveform, f0_hz: FloatArray, sample_rate: int) -> FloatArray:
    """Cepstral coefficients c_1 to c_24 of the clamped envelope, (T, 24), in nepers; T as `f0_hz`."""
    return cepstrum_of_envelope(spectral_envelope(waveform, f0_hz, sample_rate), sample_rate)


def cepstrum_of_envelope(power: FloatArray, sample_rate: int) -> FloatArray:
    """Clamp a power envelope (T, F) and give its mel-cepstrum without c_0, (T, 24), in nepers."""
    floor = power.max(axis=1, keepdims=True) * 10.0 ** (-CLAMP_DB / 10.0)
    log_amplitude = 0.5 * np.log(np.maximum(power, np.maximum(floor, np.finfo(np.float64).tiny)))
    on_mel_axis = log_amplitude @ _mel_interpolation(power.shape[1], sample_rate)
    # scipy's DCT-II is 2 sum x cos; divided by the number of points it gives c_m of log|H| = c_0 + sum c_m cos
    coefficients: FloatArray = scipy.fft.dct(on_mel_axis, type=2, axis=1)[:, 1 : ORDER + 1] / NUM_MEL_POINTS
    return coefficients


def cepstral_distance(reference: FloatArray, estimate: FloatArray, is_scored: NDArray[np.bool_]) -> float:
    """Mean distortion over chosen frames.

    Args:
        reference: From `mel_cepstrum`, (T, 24).
        estimate: (T', 24); surplus frames of the longer one are ignored.
        is_scored: (T'',), at most as long as the shorter one.

    Returns:
        dB, lower is better; NaN when no frame is chosen.
    """
    num_frames = min(len(reference), len(estimate), len(is_scored))
    chosen = is_scored[:num_frames]
    if not chosen.any():
        return math.nan
    difference = reference[:num_frames][chosen] - estimate[:num_frames][chosen]
    return float(np.mean(0.5 * DB_PER_NEPER * np.sqrt(2.0 * np.sum(difference**2, axis=1))))


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
