"""What the trackers of the WORLD vocoder share: its import, its grid, and chunking that bounds the memory."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from duetto.features.trackers.tracker import Contour, Track
from duetto.storage.audio import Waveform

PERIOD_S = 0.005  # between two values
CHUNK_S = 20.0
CONTEXT_S = 1.0  # on both sides of a chunk, thrown away


def in_chunks(track: Callable[[NDArray[np.float64], int], Contour]) -> Track:
    """Run a WORLD tracker on 20 s at a time with a second of context."""

    def track_chunks(waveform: Waveform, sample_rate: int) -> Contour:
        total = int(len(waveform) / sample_rate / PERIOD_S) + 1
        inner, context = round(CHUNK_S / PERIOD_S), round(CONTEXT_S / PERIOD_S)
        pieces = []
        for start in range(0, total, inner):
            first = max(0, start - context)
            offset = round(first * PERIOD_S * sample_rate)
            end = round((start + inner + context) * PERIOD_S * sample_rate)
            _, f0_hz = track(waveform[offset:end].astype(np.float64), sample_rate)
            pieces.append(f0_hz[start - first : start - first + inner])
        f0_hz = np.concatenate(pieces)[:total]
        return np.arange(len(f0_hz), dtype=np.float64) * PERIOD_S, f0_hz

    return track_chunks
