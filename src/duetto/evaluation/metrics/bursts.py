"""Bursts: moments at which an output is suddenly much louder than its source.

Levels are those of 10 ms frames, in dB. The limit at each moment is the loudest level of the source within 60 ms, plus
the usual gain between the two (median over the frames where the source sings), plus 12 dB. A burst is a run of frames
above the limit and within 30 dB of the output's own peak level, so that a breath in a pause does not count. A change of
gain, a slower attack or a shorter release is not a burst.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from duetto.storage.audio import Waveform

FRAME_S = 0.01
REACH_S = 0.06  # on either side: phones may shift by this much
EXCESS_DB = 12.0
AUDIBLE_DB = 30.0  # below the loudest frame
ACTIVE_DB = 40.0  # below the source's loudest frame: softer frames are pauses
PAUSE_DB = 60.0  # below the source's loudest frame: softer frames count as digital silence
FLOOR_DB = -120.0


@dataclass(frozen=True)
class Bursts:
    """The bursts of an output."""

    times_s: tuple[float, ...]  # onsets
    largest_excess_db: float  # above source and usual gain, over all audible frames; NaN = nothing to compare


def find_bursts(source: Waveform, output: Waveform, sample_rate: int) -> Bursts:
    """Bursts of an output against its source.

    Args:
        source: (S,).
        output: (S,), on the same time base; the longer of the two is cut.
        sample_rate: Of both, Hz.

    Returns:
        No bursts and NaN if the source or the output is silent throughout.
    """
    length = min(len(source), len(output))
    heard, made = (frame_levels_db(waveform[:length], sample_rate) for waveform in (source, output))
    if not len(heard) or heard.max() <= FLOOR_DB or made.max() <= FLOOR_DB:
        return Bursts((), math.nan)
    heard = np.maximum(heard, heard.max() - PAUSE_DB)
    is_active = heard > heard.max() - ACTIVE_DB
    gain_db = float(np.median(made[is_active] - heard[is_active]))
    allowed = scipy.ndimage.maximum_filter1d(heard, 2 * round(REACH_S / FRAME_S) + 1, mode="nearest") + gain_db
    is_audible = made > made.max() - AUDIBLE_DB
    excess = np.where(is_audible, made - allowed, -np.inf)
    is_burst = excess > EXCESS_DB
    starts = np.flatnonzero(is_burst & ~np.concatenate([[False], is_burst[:-1]]))
    return Bursts(tuple(float(start * FRAME_S) for start in starts), float(excess.max()))


def frame_levels_db(waveform: Waveform, sample_rate: int) -> NDArray[np.float64]:
    """RMS level of each whole frame, dB, not below `FLOOR_DB`."""
    hop = round(FRAME_S * sample_rate)
    frames = np.asarray(waveform[: len(waveform) // hop * hop], dtype=np.float64).reshape(-1, hop)
    return np.asarray(20 * np.log10(np.maximum(np.sqrt(np.mean(frames**2, axis=1)), 10 ** (FLOOR_DB / 20))))
