"""What happens inside held notes: pitch that wanders, spectra that do not stand still.

A held note is a stretch of a contour, voiced throughout, whose pitch without its vibrato does not move
by more than half a semitone in 0.1 s, at least 0.4 s long after 60 ms at either end are left out. The
notes come from the reference's contour (the reference's, or the melody asked for), never from the output,
which may have broken them.

Held-note F0 deviation: standard deviation of the pitch after a straight line and everything from 4 to
8 Hz (vibrato) are fitted and taken out by least squares, cents, pooled over notes. Own definition.
Spectral flux: root mean square change of the mel levels from frame to frame, dB per second; it rises
with noise as well, so it is secondary. Own definition.
Both: lower is steadier, but a reference is not at 0: compare with the reference's. NaN without a held note.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from duetto.evaluation.analysis.spectra import CONTOUR_HOP_S, HOP_S, Spectra, frame_span
from duetto.units import CENTS_PER_OCTAVE

VIBRATO_HZ = (4.0, 8.0)
VIBRATO_WINDOW_FRAMES = 36  # 180 ms, a period of a usual vibrato: its swing averages out
MOVES_OVER_FRAMES = 10  # 50 ms before and after
MOVES_CENTS = 50.0
EDGE_FRAMES = 12  # 60 ms left out at either end
MIN_HELD_FRAMES = 80  # 0.4 s
CLAMP_DB = 60.0  # below the loudest cell of a frame

FloatArray = NDArray[np.float64]
Span = tuple[int, int]  # contour frames [first, last)


def held_notes(f0_hz: FloatArray) -> list[Span]:
    """Held notes of a contour (T,), Hz, 0.0 = unvoiced: spans of its 5 ms frames, in order."""
    notes: list[Span] = []
    for first, last in _runs(f0_hz > 0.0):
        if last - first < MIN_HELD_FRAMES:
            continue
        cents = uniform_filter1d(CENTS_PER_OCTAVE * np.log2(f0_hz[first:last]), VIBRATO_WINDOW_FRAMES, mode="nearest")
        padded = np.pad(cents, MOVES_OVER_FRAMES, mode="edge")
        is_still = np.abs(padded[2 * MOVES_OVER_FRAMES :] - padded[: -2 * MOVES_OVER_FRAMES]) < MOVES_CENTS
        for begin, end in _runs(is_still):
            if end - begin >= MIN_HELD_FRAMES + 2 * EDGE_FRAMES:
                notes.append((first + begin + EDGE_FRAMES, first + end - EDGE_FRAMES))
    return notes


def held_pitch_deviation(f0_hz: FloatArray, notes: list[Span]) -> float:
    """Wandering of a contour inside notes, cents, its vibrato and drift left out.

    Args:
        f0_hz: Contour that is judged, (T,), Hz; unvoiced frames are left out.
        notes: Spans from `held_notes` of the reference.

    Returns:
        Cents, 0 for vibrato alone; NaN when no note is voiced for 0.4 s.
    """
    squares, freedom = 0.0, 0
    for first, last in notes:
        voiced = np.flatnonzero(f0_hz[first:last] > 0.0)
        if voiced.size < MIN_HELD_FRAMES:
            continue
        cents = CENTS_PER_OCTAVE * np.log2(f0_hz[first:last][voiced])
        basis = _vibrato_basis(np.asarray(voiced * CONTOUR_HOP_S, dtype=np.float64), (last - first) * CONTOUR_HOP_S)
        coefficients, *_ = np.linalg.lstsq(basis, cents, rcond=None)
        squares += float(np.sum((cents - basis @ coefficients) ** 2))
        freedom += max(1, voiced.size - basis.shape[1])
    return math.sqrt(squares / freedom) if freedom else math.nan


def spectral_flux(spectra: Spectra, notes: list[Span]) -> float:
    """Movement of the mel levels inside notes, dB per second; NaN without a note or in silence."""
    changes = []
    for first, last in notes:
        level = spectra.mel_db[frame_span(first, last)]
        if len(level) > 1:
            clamped = np.maximum(level, level.max(axis=1, keepdims=True) - CLAMP_DB)
            changes.append(np.sqrt(np.mean(np.diff(clamped, axis=0) ** 2, axis=1)))
    if not changes or spectra.is_silent:
        return math.nan
    return float(np.mean(np.concatenate(changes), dtype=np.float64)) / HOP_S


def _vibrato_basis(time_s: FloatArray, duration_s: float) -> FloatArray:
    """A line, and waves from 4 to 8 Hz half a period per note apart: columns of a fit, (T, P)."""
    step = 1.0 / (2.0 * duration_s)
    rates = np.arange(VIBRATO_HZ[0], VIBRATO_HZ[1] + step / 2.0, step)
    phase = 2.0 * np.pi * time_s[:, None] * rates
    return np.column_stack([np.ones_like(time_s), time_s, np.sin(phase), np.cos(phase)])


def _runs(is_true: NDArray[np.bool_]) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_true, [False])).astype(np.int8)))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
