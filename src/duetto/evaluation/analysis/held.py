"""Finds held notes.

A held note is a stretch of a contour, voiced throughout, whose pitch without its vibrato does not move
by more than half a semitone in 0.1 s, at least 0.4 s long after 60 ms at either end are left out. The notes come from
the contour of the reference, or of the requested melody, never from the output, which may have broken them.

Held-note F0 deviation: standard deviation of the pitch after a straight line and everything from 4 to
8 Hz (vibrato) are fitted and taken out by least squares, cents, pooled over notes. Own definition.
Spectral flux: root mean square change of the mel levels from frame to frame, dB per second; it rises
with noise as well, so it is secondary. Own definition.
Lower is steadier for both, but references are not at 0: compare with the reference's values. NaN without a held note.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from duetto.spans import Span, true_spans
from duetto.units import CENTS_PER_OCTAVE

VIBRATO_WINDOW_FRAMES = 36  # 180 ms, the period of a typical vibrato, which therefore averages out
MOVES_OVER_FRAMES = 10  # 50 ms before and after
MOVES_CENTS = 50.0
EDGE_FRAMES = 12  # 60 ms left out at either end
MIN_HELD_FRAMES = 80  # 0.4 s

FloatArray = NDArray[np.float64]


def held_notes(f0_hz: FloatArray) -> list[Span]:
    """Held notes of a contour (T,), Hz, 0.0 = unvoiced: spans of its 5 ms frames, in order."""
    notes: list[Span] = []
    for first, last in true_spans(f0_hz > 0.0):
        if last - first < MIN_HELD_FRAMES:
            continue
        cents = uniform_filter1d(CENTS_PER_OCTAVE * np.log2(f0_hz[first:last]), VIBRATO_WINDOW_FRAMES, mode="nearest")
        padded = np.pad(cents, MOVES_OVER_FRAMES, mode="edge")
        is_still = np.abs(padded[2 * MOVES_OVER_FRAMES :] - padded[: -2 * MOVES_OVER_FRAMES]) < MOVES_CENTS
        for begin, end in true_spans(is_still):
            if end - begin >= MIN_HELD_FRAMES + 2 * EDGE_FRAMES:
                notes.append((first + begin + EDGE_FRAMES, first + end - EDGE_FRAMES))
    return notes
