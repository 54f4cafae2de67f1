"""Modulation of held notes: mel levels from 2 to 16 Hz, and dips of the loudness.

Modulation energy: root mean square of the mel levels between 2 and 16 Hz in every held note (dB, clamped 60 dB below
the note's loudest cell, after removing a straight line, in Hann windows of at most 1.5 s); root mean square over bands
and notes, dB. Stutter raises it, smearing lowers it.
Modulation distance: root mean square over notes, bands and the octaves 2-4, 4-8, 8-16 Hz of the
difference between the levels of those modulations in estimate and reference, dB; lower is better.
Dip rate: dips of the level (20 ms Hann) that are deeper than 6 dB on both sides and last 20 to 250 ms
at half their depth, inside held notes, per second. Reverberation also causes some.
All are undefined (NaN) without a held note or in silence; notes come from `held.held_notes`.

References: Drullman et al., JASA 95(2), 1994 (2-16 Hz); Takamichi et al., ICASSP 2014 (modulation spectra). Windows are
no longer than their note, whereas the sources use long ones: notes of 1.5 s are rare in songs.
"""

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft
from scipy.signal import detrend, find_peaks

from duetto.evaluation.analysis.held import held_notes
from duetto.evaluation.analysis.spectra import CONTOUR_HOP_S, HOP_S, SAMPLE_RATE, Spectra, frame_span
from duetto.evaluation.measure import Alone, Comparison, Measure, Scores
from duetto.evaluation.metric import by_itself, distance
from duetto.preprocess.spectrum import hann
from duetto.spans import Span
from duetto.storage.audio import Waveform

OCTAVES_HZ = (2.0, 4.0, 8.0, 16.0)
WINDOW_FRAMES = 140  # 1.5 s
MODULATION_N_FFT = 256  # bins of 0.37 Hz
CLAMP_DB = 60.0
FLOOR_DB = 0.1  # modulation below this is negligible
DIP_DB = 6.0
DIP_S = (0.02, 0.25)
LEVEL_WINDOW_S = 0.02
LEVEL_RANGE_DB = 60.0  # below the loudest

FloatArray = NDArray[np.float64]


def modulation_energy(spectra: Spectra, notes: list[Span]) -> float:
    """Modulation energy of held notes, dB; 0 for a steady tone; NaN without a note or in silence."""
    powers = modulation_powers(spectra, notes)
    return float(np.sqrt(np.mean(powers.sum(axis=-1)))) if powers.size else math.nan


def modulation_distance(reference: Spectra, estimate: Spectra, notes: list[Span]) -> float:
    """Distance between the modulations of two performances in the same notes, dB; NaN without a note or in silence."""
    first, second = (modulation_powers(spectra, notes) for spectra in (reference, estimate))
    if not first.size or not second.size:
        return math.nan
    ratio_db = 10.0 * np.log10((second + FLOOR_DB**2) / (first + FLOOR_DB**2))
    return float(np.sqrt(np.mean(ratio_db**2)))


def modulation_powers(spectra: Spectra, notes: list[Span]) -> FloatArray:
    """Mean square modulation, dB^2, of each window, mel band and octave, (W, M, 3); (0,) when undefined."""
    if spectra.is_silent:
        return np.zeros(0)
    powers = [
        _window_powers(spectra.mel_db[window]) for note in notes for window in _windows(note, len(spectra.mel_db))
    ]
    return np.stack(powers) if powers else np.zeros(0)


def dip_rate(waveform: Waveform, notes: list[Span]) -> float:
    """Dips of the loudness of a waveform (S,) at 24 kHz inside held notes, per second; NaN without a note."""
    held_s = sum(last - first for first, last in notes) * CONTOUR_HOP_S
    if held_s == 0.0 or not waveform.any():  # silence has no dips to count
        return math.nan
    level_db = _level_db(waveform)
    frames = tuple(duration / CONTOUR_HOP_S for duration in DIP_S)
    places, _ = find_peaks(-level_db, prominence=DIP_DB, width=frames)
    is_held = np.zeros(level_db.size, dtype=bool)
    for first, last in notes:
        is_held[first:last] = True
    return float(np.count_nonzero(is_held[places])) / held_s


def _level_db(waveform: Waveform) -> FloatArray:
    """Level every 5 ms, (T,), dB below the loudest, at most 60."""
    length, hop = round(LEVEL_WINDOW_S * SAMPLE_RATE), round(CONTOUR_HOP_S * SAMPLE_RATE)
    padded = np.pad(np.asarray(waveform, dtype=np.float32), length // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[::hop]
    power = np.square(frames) @ hann(length)
    return np.asarray(10.0 * np.log10(np.maximum(power / power.max(), 10.0 ** (-LEVEL_RANGE_DB / 10.0))))


def _windows(note: Span, num_frames: int) -> list[slice]:
    """A note divided into equal windows of at most 1.5 s."""
    span = frame_span(*note)
    first, last = span.start, min(span.stop, num_frames)
    if last - first < 2:
        return []
    parts = np.linspace(first, last, math.ceil((last - first) / WINDOW_FRAMES) + 1).astype(int)
    return [slice(int(begin), int(end)) for begin, end in pairwise(parts)]


def _window_powers(level_db: NDArray[np.float32]) -> FloatArray:
    """Mean square modulation of a window's bands (N, M) in three octaves, (M, 3)."""
    clamped = np.maximum(level_db, level_db.max() - CLAMP_DB).astype(np.float64)
    window = hann(len(clamped)).astype(np.float64)[:, None]
    spectrum = np.abs(rfft(detrend(clamped, axis=0) * window, MODULATION_N_FFT, axis=0)) ** 2
    rate_hz = np.arange(len(spectrum)) / (MODULATION_N_FFT * HOP_S)
    octave = np.digitize(rate_hz, OCTAVES_HZ)
    sums = np.stack([spectrum[octave == number].sum(axis=0) for number in (1, 2, 3)], axis=1)
    # Parseval: twice, for negative rates; the window scales the power by sum(w^2) / N
    return np.asarray(2.0 * sums / (MODULATION_N_FFT * float(np.sum(window**2))))


def _compare(pair: Comparison) -> Scores:
    reference, estimate = pair.reference, pair.estimate
    notes = held_notes(reference.f0_hz)
    return {"modulation_distance": modulation_distance(reference.spectra, estimate.spectra, notes)}


def _describe(alone: Alone) -> Scores:
    return {
        "modulation_energy": modulation_energy(alone.audio.spectra, alone.notes),
        "dip_rate": dip_rate(alone.audio.waveform, alone.notes),
    }


MEASURE = Measure(
    metrics=(
        *distance(
            "modulation_distance",
            "modulation distance",
            "dB",
            "Difference in modulation from 2 to 16 Hz inside held notes.",
            group="held notes",
        ),
        *by_itself(
            "modulation_energy",
            "Modulation energy",
            "dB",
            "reference",
            "Modulation from 2 to 16 Hz inside held notes.",
            group="held notes",
        ),
        *by_itself(
            "dip_rate", "Dips", "/s", "reference", "Drop-outs of 20 to 250 ms inside held notes.", group="held notes"
        ),
    ),
    compare=_compare,
    describe=_describe,
)
