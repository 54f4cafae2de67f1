"""Removes rumble and DC offset below the voice, without delay.

Butterworth high-pass, run forward and backward: no phase shift, and twice the order's slope (-6 dB at
the cutoff). Upstream RVC runs the same filter forward only, which delays low notes.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy.signal import butter, sosfiltfilt

from duetto.preprocess.segment import Drops, Segments
from duetto.settings.config import require
from duetto.storage.audio import Waveform


@dataclass(frozen=True)
class HighPass:
    """Zero-phase Butterworth high-pass."""

    cutoff_hz: float = 48.0  # upstream RVC; below any sung note
    order: int = 5  # of one pass

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        require(self.cutoff_hz > 0, f"preprocess.high_pass.cutoff_hz={self.cutoff_hz}: expected more than 0 Hz.")
        require(1 <= self.order <= 10, f"preprocess.high_pass.order={self.order}: expected 1 to 10.")

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Filter every segment; lengths are unchanged."""
        return tuple(
            segment.with_waveform(high_pass(segment.waveform, segment.sample_rate, self.cutoff_hz, self.order))
            for segment in segments
        ), ()


def high_pass(waveform: Waveform, sample_rate: int, cutoff_hz: float, order: int) -> Waveform:
    """Zero-phase high-pass of a waveform (S,), (S,)."""
    if len(waveform) < 2:
        return waveform
    sections = butter(order, cutoff_hz, btype="highpass", fs=sample_rate, output="sos")
    # Odd extension over a period of the cutoff keeps the ends from ringing.
    padding = min(len(waveform) - 1, round(3 * sample_rate / cutoff_hz))
    filtered = sosfiltfilt(sections, waveform.astype(np.float64), padlen=padding)
    return cast(Waveform, filtered.astype(np.float32))
