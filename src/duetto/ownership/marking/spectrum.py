"""Magnitudes of the marked range, and the number that each band of a block holds.

Letters as in `duetto.ownership.marking.layout`.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft
from scipy.ndimage import uniform_filter1d

from duetto.ownership.marking.layout import FIRST_BIN, FRAME, HOP, LAST_BIN, NEIGHBOURS

Spectrum = NDArray[np.complex64]
Magnitudes = NDArray[np.float32]
WINDOW = np.hanning(FRAME + 1)[:-1].astype(np.float32)
FLOOR = 1e-9  # below any sample of 24 bits
MARKED = slice(FIRST_BIN, LAST_BIN)


def spectrum_of(waveform: NDArray[np.float32], num_frames: int | None = None) -> Spectrum:
    """Spectrum (T, FRAME / 2 + 1) of a waveform (S,) at 16 kHz, of as many frames as it holds, or of the first ones."""
    if len(waveform) < FRAME:
        return np.zeros((0, FRAME // 2 + 1), np.complex64)
    frames = np.lib.stride_tricks.sliding_window_view(waveform, FRAME)[::HOP][:num_frames]
    return np.asarray(rfft(frames * WINDOW, axis=1), np.complex64)


def waveform_of(spectrum: Spectrum, num_samples: int) -> NDArray[np.float32]:
    """A waveform (S,) by overlapping windowed frames; S is `num_samples`, silent beyond the last frame."""
    halves = (irfft(spectrum, FRAME, axis=1).astype(np.float32) * WINDOW).reshape(-1, 2, HOP)
    waveform = np.zeros((len(halves) + 1, HOP), np.float32)
    waveform[:-1] += halves[:, 0]
    waveform[1:] += halves[:, 1]
    return np.pad(waveform.ravel(), (0, max(num_samples - waveform.size, 0)))[:num_samples]


def references(mean_power: NDArray[np.float32]) -> Magnitudes:
    """The magnitude that cells are measured by: root of the mean power of a block around each bin.

    Args:
        mean_power: Mean over the frames of a block, (…, FRAME / 2 + 1).

    Returns:
        (…, F), positive.
    """
    around = mean_power[..., FIRST_BIN - NEIGHBOURS : LAST_BIN + NEIGHBOURS]
    smooth = uniform_filter1d(around, 2 * NEIGHBOURS + 1, axis=-1, mode="nearest")[..., NEIGHBOURS:-NEIGHBOURS]
    return np.asarray(np.sqrt(np.maximum(smooth, 0)) + FLOOR, np.float32)
