"""Tracking 20 s at a time with a second of context on both sides, so that memory does not grow with the length."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from duetto.features.trackers.tracker import Contour, Track
from duetto.storage.audio import Waveform

WORLD_PERIOD_S = 0.005  # between two values of WORLD's trackers
CHUNK_S = 20.0
CONTEXT_S = 1.0  # on both sides of a chunk, thrown away


def in_chunks(track: Callable[[NDArray[np.float64], int], Contour], period_s: float) -> Track:
    """Run a tracker on a chunk at a time.

    Args:
        track: Gives a value every `period_s`, the first at the waveform's start.
        period_s: A chunk starts at a multiple of it.
    """

    def track_chunks(waveform: Waveform, sample_rate: int) -> Contour:
        total = int(len(waveform) / sample_rate / period_s) + 1
        inner, context = round(CHUNK_S / period_s), round(CONTEXT_S / period_s)
        pieces = []
        for start in range(0, total, inner):
            first = max(0, start - context)
            offset = round(first * period_s * sample_rate)
            end = round((start + inner + context) * period_s * sample_rate)
            _, f0_hz = track(waveform[offset:end].astype(np.float64), sample_rate)
            pieces.append(f0_hz[start - first : start - first + inner])
        f0_hz = np.concatenate(pieces)[:total]
        return np.arange(len(f0_hz), dtype=np.float64) * period_s, f0_hz

    return track_chunks
