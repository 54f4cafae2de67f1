"""Turns down recordings beyond full scale, to the same limit everywhere.

A few damaged samples of a float file, or single peaks, do not decide how far: they are limited where they are.

Conventions: full scale is +-1.0.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from duetto.storage.audio import MAX_LEVEL, Waveform
from duetto.units import amplitude_to_db, db_to_amplitude

PEAK_LIMIT = 0.99  # of full scale, to leave headroom for rounding and resampling
LEAST_PEAK = 1e-12
LIMIT_S = 0.005  # before and after a peak
STEP_DB = 0.1  # of the levels beyond full scale that are told apart
MOST_DAMAGED, DAMAGED_SHARE = 8, 1e-5  # samples, or that share of all: fewer are damage and no sound


def gain_to_fit(peak: float) -> float:
    """Factor that brings a peak down to 0.99; 1.0 for lower peaks."""
    return min(1.0, PEAK_LIMIT / max(peak, LEAST_PEAK))


def fit_full_scale(waveform: Waveform) -> Waveform:
    """Scale a waveform, of any shape, to a peak of 0.99 if it is exceeded."""
    peak = float(np.max(np.abs(waveform), initial=0.0))
    return waveform if peak <= PEAK_LIMIT else (waveform * np.float32(gain_to_fit(peak))).astype(np.float32)


def limit_peaks(waveform: Waveform, sample_rate: int) -> tuple[Waveform, float]:
    """Turn a waveform (..., S) down around the peaks that exceed full scale, to 0.99 of it, and nowhere else.

    The gain falls and rises within 5 ms before and after a peak, the same for all channels.

    Returns:
        The waveform, and the seconds in which it was turned down.
    """
    size = 2 * round(LIMIT_S * sample_rate) + 1
    peak = np.abs(waveform).reshape(-1, waveform.shape[-1]).max(axis=0)
    wanted = np.where(peak > 1.0, PEAK_LIMIT / np.maximum(peak, 1.0), 1.0)
    lowest = minimum_filter1d(wanted, size, mode="nearest")
    gain = uniform_filter1d(lowest, size, mode="nearest")  # never above what its peak allows
    turned_down = float(np.sum(lowest < 1.0)) / sample_rate
    return np.clip(waveform * gain, -1.0, 1.0).astype(np.float32), turned_down


def _no_samples() -> NDArray[np.int64]:
    return np.zeros(int(amplitude_to_db(MAX_LEVEL) / STEP_DB) + 2, np.int64)


@dataclass
class LoudSamples:
    """Counts the samples beyond full scale, by level, of a recording that is read in blocks."""

    num_samples: int = 0
    peak: float = 0.0
    counts: NDArray[np.int64] = field(default_factory=_no_samples)

    def add(self, block: Waveform) -> None:
        """Count the samples of a block of any shape."""
        self.num_samples += block.size
        peak = float(np.max(np.abs(block), initial=0.0))
        self.peak = max(self.peak, peak)
        if peak > 1.0:
            level_db = amplitude_to_db(np.abs(block[np.abs(block) > 1.0]))
            np.add.at(self.counts, np.floor(level_db / STEP_DB).astype(np.int64), 1)

    @property
    def ceiling(self) -> float:
        """Level that only damaged samples exceed, at least full scale; the peak if there are none."""
        return max(1.0, min(self.peak, float(db_to_amplitude(self._step_above_sound * STEP_DB))))

    @property
    def num_limited(self) -> int:
        """Samples above the ceiling."""
        return int(self.counts[self._step_above_sound :].sum())

    @property
    def _step_above_sound(self) -> int:
        most = max(MOST_DAMAGED, int(DAMAGED_SHARE * self.num_samples))
        beyond = np.cumsum(self.counts[::-1])[::-1]  # samples at a level or above
        sound = np.flatnonzero(beyond > most)
        return int(sound[-1]) + 1 if len(sound) else 0

    def limit(self, block: Waveform) -> Waveform:
        """A block with its damaged samples clipped to the ceiling; the others are unchanged."""
        return block if self.peak <= self.ceiling else np.clip(block, -self.ceiling, self.ceiling)

    def say_limited(self) -> str:
        """The number of limited samples, in words that follow a file's name; empty for none."""
        if not self.num_limited:
            return ""
        count = "1 sample" if self.num_limited == 1 else f"{self.num_limited} samples"
        return f"holds {count} far beyond full scale (up to {self.peak:.1f}): limited where they are"
