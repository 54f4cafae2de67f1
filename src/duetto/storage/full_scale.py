"""Sound that is louder than a file can hold is turned down as a whole, to the same limit wherever that happens.

Conventions: full scale is +-1.0.
"""

import numpy as np

from duetto.storage.audio import Waveform

PEAK_LIMIT = 0.99  # of full scale, left free for rounding and resampling
LEAST_PEAK = 1e-12


def gain_to_fit(peak: float) -> float:
    """Factor that brings a peak down to 0.99; 1.0 where it lies below."""
    return min(1.0, PEAK_LIMIT / max(peak, LEAST_PEAK))


def fit_full_scale(waveform: Waveform) -> Waveform:
    """Scale a waveform, of any shape, to a peak of 0.99 if it is exceeded."""
    peak = float(np.max(np.abs(waveform), initial=0.0))
    return waveform if peak <= PEAK_LIMIT else (waveform * np.float32(gain_to_fit(peak))).astype(np.float32)
