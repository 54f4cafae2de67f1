"""Faults of level and length: what a listener hears before any timbre.

Conventions: waveforms (S,), full scale +-1.0.
"""

import math

import numpy as np

from duetto.storage.audio import AudioInfo, Waveform

CLIPPING_LEVEL = 0.999  # within 0.01 dB of full scale
MIN_CLIPPED_RUN = 3  # samples; a single peak at full scale is normalisation, not clipping


def peak_level(waveform: Waveform) -> float:
    """Largest magnitude, 0 to 1 (more would clip in PCM); NaN for an empty waveform."""
    return float(np.max(np.abs(waveform))) if waveform.size else math.nan


def dc_offset(waveform: Waveform) -> float:
    """Mean of the samples, -1 to 1, ideally 0; NaN for an empty waveform."""
    return float(np.mean(waveform, dtype=np.float64)) if waveform.size else math.nan


def clipped_share(waveform: Waveform) -> float:
    """Share of the samples in runs of three or more at full scale, 0 to 1; NaN for an empty waveform."""
    if not waveform.size:
        return math.nan
    is_full = np.concatenate(([False], np.abs(waveform) >= CLIPPING_LEVEL, [False])).astype(np.int8)
    edges = np.diff(is_full)
    runs = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    return float(runs[runs >= MIN_CLIPPED_RUN].sum() / waveform.size)


def length_error_samples(source: AudioInfo, output: AudioInfo) -> int:
    """Samples of the output beyond the length of its source, at the output's rate; 0 is right."""
    return output.num_samples - round(source.num_samples * output.sample_rate / source.sample_rate)
