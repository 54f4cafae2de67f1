"""Finds the start of a score in its recording by cross-correlation of note onsets with rises of the level.

The novelty of a recording is the rise of level between frames of 10 ms, summed over bands of a third of an octave; that
of a score is a bump at each note's start. The lag of their highest correlation is the offset.
Reference: Bello et al., "A Tutorial on Onset Detection in Music Signals", IEEE Trans. SAP 13(5), 2005.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.ndimage import gaussian_filter1d

from duetto.score.score import Score
from duetto.score.tempo import TempoMap
from duetto.storage.audio import Waveform

HOP_S = 0.01
WINDOW_S = 0.032
BANDS_HZ = tuple(160.0 * 2 ** (step / 3) for step in range(17))  # 160 Hz to 6.4 kHz
FLOOR_DB = 60.0  # rises further below the loudest cell do not count
SMOOTHING_S = 0.03
LONGEST_LAG_S = 120.0  # between the starts of recording and score
NEAR_S = 0.25  # lags this close belong to one peak
LEAST_DISTINCTNESS = 1.15  # of the best lag relative to the next best elsewhere: a loop fits in several places
LEAST_CORRELATION = 0.3  # correct scores of embedded songs reach 0.6 and more
CHANCE = 1.9  # / sqrt(notes): wrong melodies of 6, 16, 60 notes reach 0.69, 0.45, 0.29 at their best lag (50 each)
MIN_NOTES = 8  # fewer fit anywhere


@dataclass(frozen=True)
class Fit:
    """Position of a score in a recording."""

    offset_s: float = math.nan  # time of the score's tick 0 in the recording
    correlation: float = 0.0  # -1..1, of the novelties at that offset
    distinctness: float = 0.0  # relative to the best lag elsewhere
    num_notes: int = 0

    @property
    def is_found(self) -> bool:
        """Whether the offset is reliable."""
        if self.num_notes < MIN_NOTES or self.distinctness < LEAST_DISTINCTNESS:
            return False
        return self.correlation >= max(LEAST_CORRELATION, CHANCE / math.sqrt(self.num_notes))


def note_starts_s(score: Score) -> NDArray[np.float64]:
    """Starts of the notes in seconds from tick 0, (N,)."""
    tempo = TempoMap(score.tempos)
    return np.array([tempo.seconds(note.tick) for note in score.notes])


def find_offset(novelty: NDArray[np.float64], starts_s: NDArray[np.float64]) -> Fit:
    """Find the lag at which a score's notes fit a recording best.

    Args:
        novelty: Novelty of the recording, see `novelty_of`, (T,).
        starts_s: Starts of the score's notes, (N,).

    Returns:
        The fit; not found if there are fewer than eight notes or the recording's level is constant.
    """
    if len(starts_s) < MIN_NOTES or not novelty.size or np.ptp(novelty) == 0:
        return Fit()
    written = np.zeros(int(starts_s.max() / HOP_S) + 2)
    np.add.at(written, np.round(starts_s / HOP_S).astype(int), 1.0)
    heard, written = (_standard(gaussian_filter1d(track, SMOOTHING_S / HOP_S)) for track in (novelty, written))
    length = next_fast_len(len(heard) + len(written))
    correlation = irfft(rfft(heard, length) * np.conj(rfft(written, length)), length)
    correlation /= math.sqrt(float(np.sum(heard**2)) * float(np.sum(written**2)))
    lags = np.arange(length)
    lags[lags >= len(heard)] -= length
    correlation[np.abs(lags) > LONGEST_LAG_S / HOP_S] = -np.inf
    best = int(np.argmax(correlation))
    elsewhere = np.abs(lags - lags[best]) > NEAR_S / HOP_S
    second = float(np.max(correlation[elsewhere], initial=1e-9))
    peak = float(correlation[best])
    return Fit(float(lags[best]) * HOP_S, peak, peak / max(second, 1e-9), len(starts_s))


def novelty_of(blocks: Iterable[Waveform], sample_rate: int) -> NDArray[np.float64]:
    """Rise of level in each frame of 10 ms of a recording, dB, (T,).

    Args:
        blocks: Its samples in order, (channels, S) each.
        sample_rate: Hz.
    """
    hop = max(1, round(HOP_S * sample_rate))
    length = max(hop, round(WINDOW_S * sample_rate))
    levels = np.concatenate([np.zeros((0, len(BANDS_HZ) - 1)), *_band_levels(blocks, sample_rate, hop, length)])
    if len(levels) < 2:
        return np.zeros(0)
    levels = np.maximum(levels, levels.max() - FLOOR_DB)
    rise = np.maximum(np.diff(levels, axis=0, prepend=levels[:1]), 0.0).sum(axis=1)
    # A frame's window is centred half a window after its first sample.
    return np.concatenate([np.zeros(round((length - hop) / 2 / hop)), rise])


def _band_levels(blocks: Iterable[Waveform], sample_rate: int, hop: int, length: int) -> Iterable[NDArray[np.float64]]:
    """Levels of the bands, dB, (T, bands), block by block."""
    frequencies = np.fft.rfftfreq(length, 1 / sample_rate)
    band = np.digitize(frequencies, BANDS_HZ) - 1
    members = (band[:, None] == np.arange(len(BANDS_HZ) - 1)).astype(np.float32)
    window = np.hanning(length).astype(np.float32)
    rest = np.zeros(0, dtype=np.float32)
    for block in blocks:
        samples = np.concatenate([rest, block.mean(axis=0, dtype=np.float32)])
        count = max(0, (len(samples) - length) // hop + 1)
        rest = samples[count * hop :]
        for first in range(0, count, 2000):  # frames at once: 20 s
            last = min(first + 2000, count)
            part = np.lib.stride_tricks.sliding_window_view(samples[first * hop : (last - 1) * hop + length], length)
            power = np.abs(np.fft.rfft(part[::hop] * window, axis=1)) ** 2
            yield 10 * np.log10(power @ members + 1e-12)


def _standard(track: NDArray[np.float64]) -> NDArray[np.float64]:
    return track - track.mean()
