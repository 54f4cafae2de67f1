"""Steadiness of held notes: pitch deviation and spectral flux.

Held-note F0 deviation: standard deviation of the pitch after a straight line and everything from 4 to
8 Hz (vibrato) are fitted and taken out by least squares, cents, pooled over notes. Own definition.
Spectral flux: root mean square change of the mel levels from frame to frame, dB per second; it rises
with noise as well, so it is secondary. Own definition.
Lower is steadier for both, but references are not at 0: compare with the reference's values. NaN without a held note.
"""

import math

import numpy as np

from duetto.evaluation.analysis.held import MIN_HELD_FRAMES, FloatArray
from duetto.evaluation.analysis.spectra import CONTOUR_HOP_S, HOP_S, Spectra, frame_span
from duetto.evaluation.measure import Alone, Measure, Scores
from duetto.evaluation.metric import by_itself
from duetto.spans import Span
from duetto.units import CENTS_PER_OCTAVE

VIBRATO_HZ = (4.0, 8.0)
CLAMP_DB = 60.0  # below the loudest cell of a frame


def held_pitch_deviation(f0_hz: FloatArray, notes: list[Span]) -> float:
    """Pitch deviation inside notes, cents, after removing vibrato and drift.

    Args:
        f0_hz: Contour to score, (T,), Hz; unvoiced frames are left out.
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
    """Spectral flux of the mel levels inside notes, dB per second; NaN without a note or in silence."""
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
    """Columns of the least-squares fit, (T, P): a line, and sines from 4 to 8 Hz spaced half a period per note."""
    step = 1.0 / (2.0 * duration_s)
    rates = np.arange(VIBRATO_HZ[0], VIBRATO_HZ[1] + step / 2.0, step)
    phase = 2.0 * np.pi * time_s[:, None] * rates
    return np.column_stack([np.ones_like(time_s), time_s, np.sin(phase), np.cos(phase)])


def _describe(alone: Alone) -> Scores:
    return {
        "held_pitch_deviation": held_pitch_deviation(alone.audio.f0_hz, alone.notes),
        "spectral_flux": spectral_flux(alone.audio.spectra, alone.notes),
    }


MEASURE = Measure(
    metrics=(
        *by_itself(
            "held_pitch_deviation",
            "Held-note F0 deviation",
            "cents",
            "reference",
            "Deviation of the pitch inside held notes, vibrato removed.",
            group="held notes",
            digits=1,
        ),
        *by_itself(
            "spectral_flux",
            "Spectral flux",
            "dB/s",
            "reference",
            "Restlessness of held notes; rises with noise too.",
            group="held notes",
            digits=0,
        ),
    ),
    describe=_describe,
)
