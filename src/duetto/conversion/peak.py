"""A look-ahead limiter for peaks beyond full scale, instead of normalisation.

If a whole recording is scaled down, as upstream does, a single click lowers every note. Here the gain is below one only
around a peak: the smallest gain needed within the look-ahead, smoothed over the same length, so that it never
overshoots, without delay.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from duetto.storage.audio import Waveform
from duetto.units import amplitude_to_db

PEAK_LIMIT = 0.98  # of full scale, to leave headroom for the sample format
LOOKAHEAD = 240  # samples on each side: 5 ms at 48 kHz, 10 ms at 24 kHz


class PeakLimiter:
    """Limits a stream of blocks, and records the strongest reduction."""

    def __init__(self) -> None:
        self._lowest_gain = 1.0

    @property
    def gain_db(self) -> float:
        """0.0, or the strongest reduction so far, dB (negative)."""
        return float(amplitude_to_db(self._lowest_gain)) if self._lowest_gain < 1.0 else 0.0

    def limit(self, blocks: Iterable[Waveform]) -> Iterator[Waveform]:
        """Limit the stream to `PEAK_LIMIT`.

        Args:
            blocks: Pieces (S,) of a waveform in order.

        Yields:
            Blocks with the same total length.
        """
        margin = 2 * LOOKAHEAD  # a gain depends on samples this far away
        held, done = np.zeros(0, np.float32), 0  # done: samples at the start of `held` that have been yielded
        for block in blocks:
            held = np.concatenate([held, block])
            ready = len(held) - margin
            if ready > done:
                yield self._apply(held)[done:ready]
                drop = max(ready - margin, 0)
                held, done = held[drop:], ready - drop
        if len(held) > done:
            yield self._apply(held)[done:]

    def _apply(self, waveform: Waveform) -> Waveform:
        level = np.abs(waveform)
        if level.max() <= PEAK_LIMIT:
            return waveform
        needed = np.minimum(PEAK_LIMIT / np.maximum(level, PEAK_LIMIT), 1.0).astype(np.float64)
        width = 2 * LOOKAHEAD + 1
        gain = uniform_filter1d(minimum_filter1d(needed, width, mode="nearest"), width, mode="nearest")
        self._lowest_gain = min(self._lowest_gain, float(gain.min()))
        return np.asarray(np.clip(waveform * gain, -PEAK_LIMIT, PEAK_LIMIT), np.float32)


def limit_peak(waveform: Waveform) -> tuple[Waveform, float]:
    """A whole waveform (S,) limited, and the strongest reduction in dB (0.0 or less)."""
    limiter = PeakLimiter()
    return np.concatenate([waveform[:0], *limiter.limit([waveform])]), limiter.gain_db
