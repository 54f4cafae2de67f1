"""The harmonics-to-noise ratio: how periodic a voice is.

HNR = 10 log10(r / (1 - r)) dB with r the normalised autocorrelation at the pitch period, Hann windows
of 60 ms every 20 ms, divided by the window's own autocorrelation, peak found between samples.
Mean over the voiced frames. Higher = more harmonic. It saturates between 20 and 30 dB on singing,
falls with pitch movement, and RISES when noise is gated away: it is no measure of quality by itself, and is therefore
compared with the reference's. Undefined (NaN) when no frame is voiced.

Reference: Boersma, IFA Proceedings 17, 1993, eqs. 4, 8 and 9 (independent implementation: Praat is GPL).
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from duetto.evaluation.analysis.spectra import CONTOUR_HOP_S, SAMPLE_RATE
from duetto.evaluation.measure import Alone, Measure, Scores
from duetto.evaluation.metric import by_itself
from duetto.preprocess.spectrum import hann
from duetto.storage.audio import Waveform

WINDOW_S = 0.06  # three periods of 50 Hz
EVERY = 4  # contour frames
LAG_SHARE = 0.06  # a semitone about the tracked period
TAPS = 24  # on either side in the interpolation between samples
STEPS = 33  # positions tried from one sample before to one after
MAX_CORRELATION = 1.0 - 1e-6  # 60 dB
BLOCK = 512  # frames handled at once


def harmonics_to_noise_ratio(waveform: Waveform, f0_hz: NDArray[np.float64], sample_rate: int) -> float:
    """HNR of a performance.

    Args:
        waveform: (S,), any level.
        f0_hz: Its own contour, (T,), a value every 5 ms, 0.0 = unvoiced.
        sample_rate: Hz.

    Returns:
        dB, at most 60; NaN when nothing is voiced.
    """
    length = round(WINDOW_S * sample_rate)
    frames = np.arange(0, f0_hz.size, EVERY)
    starts = np.rint(frames * CONTOUR_HOP_S * sample_rate).astype(int) - length // 2
    usable = (f0_hz[frames] > 0.0) & (starts >= 0) & (starts + length <= waveform.size)
    if not usable.any():
        return math.nan
    starts, period = starts[usable], sample_rate / f0_hz[frames[usable]]
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(waveform, dtype=np.float32), length)
    values = [_ratio_db(windows[starts[i : i + BLOCK]], period[i : i + BLOCK]) for i in range(0, starts.size, BLOCK)]
    every = np.concatenate(values)
    heard = every[np.isfinite(every)]
    return float(heard.mean()) if heard.size else math.nan


def _ratio_db(frames: NDArray[np.float32], period: NDArray[np.float64]) -> NDArray[np.float64]:
    """HNR of each frame (K, N) with a tracked period (K,) in samples; NaN where nothing sounds."""
    length = frames.shape[1]
    longest = min(length - TAPS - 2, math.ceil(float(period.max()) * (1 + LAG_SHARE)) + TAPS + 2)
    n_fft = next_fast_len(length + longest + 1, real=True)
    window = hann(length)
    spectrum = rfft((frames - frames.mean(axis=1, keepdims=True)) * window, n_fft)
    lags = irfft(np.square(np.abs(spectrum)), n_fft)[:, : longest + 1].astype(np.float64)
    own = irfft(np.square(np.abs(rfft(window.astype(np.float64), n_fft))), n_fft)[: longest + 1]
    energy = lags[:, :1]
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = lags / energy * (own[0] / own)
    best = _best_lag(correlation, period)
    peak = np.clip(_between_samples(correlation, best), 1e-6, MAX_CORRELATION)
    ratio = 10.0 * np.log10(peak / (1.0 - peak))
    return np.where(energy[:, 0] > 0.0, ratio, np.nan)


def _best_lag(correlation: NDArray[np.float64], period: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole lag of the highest correlation within a semitone of the period, (K,)."""
    reach = math.ceil(LAG_SHARE * float(period.max())) + 1
    offsets = np.arange(-reach, reach + 1)
    centre = np.rint(period).astype(int)
    lags = np.clip(centre[:, None] + offsets, 1, correlation.shape[1] - TAPS - 2)
    near = np.abs(offsets) <= np.maximum(1.0, LAG_SHARE * period[:, None])
    values = np.where(near, np.take_along_axis(np.nan_to_num(correlation), lags, axis=1), -np.inf)
    return np.take_along_axis(lags, values.argmax(axis=1)[:, None], axis=1)[:, 0]


def _between_samples(correlation: NDArray[np.float64], lag: NDArray[np.int64]) -> NDArray[np.float64]:
    """Highest value within a sample of a lag by windowed sinc interpolation, (K,)."""
    taps = np.arange(-TAPS, TAPS + 1)
    shifts = np.linspace(-1.0, 1.0, STEPS)
    distance = taps[:, None] - shifts
    kernel = np.sinc(distance) * np.cos(np.pi * distance / (2 * (TAPS + 1))) ** 2
    around = np.take_along_axis(np.nan_to_num(correlation), np.abs(lag[:, None] + taps), axis=1)
    return np.asarray((around @ kernel).max(axis=1))


def _describe(alone: Alone) -> Scores:
    sung = alone.audio
    return {"harmonics_to_noise": harmonics_to_noise_ratio(sung.waveform, sung.f0_hz, SAMPLE_RATE)}


MEASURE = Measure(
    metrics=(
        *by_itself(
            "harmonics_to_noise",
            "Harmonics to noise",
            "dB",
            "reference",
            "Rises when noise is gated away.",
            group="timbre",
        ),
    ),
    describe=_describe,
)
