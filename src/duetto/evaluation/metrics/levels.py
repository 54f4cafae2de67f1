"""Faults of level and length, which are more obvious than any fault of timbre.

Conventions: waveforms (S,), full scale +-1.0.
"""

import math

import numpy as np

from duetto.evaluation.measure import Measure, ScoredSong, Scores
from duetto.evaluation.metric import plain
from duetto.spans import true_spans
from duetto.storage.audio import Waveform
from duetto.storage.audio_file import AudioInfo

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
    clipped = true_spans(np.abs(waveform) >= CLIPPING_LEVEL, MIN_CLIPPED_RUN)
    return sum(last - first for first, last in clipped) / waveform.size


def length_error_samples(source: AudioInfo, num_samples: int, sample_rate: int) -> int:
    """Samples of an output of `num_samples` at `sample_rate` beyond the length of its source; 0 is right."""
    return num_samples - round(source.num_samples * sample_rate / source.sample_rate)


def _conclude(song: ScoredSong) -> Scores:
    return {
        "peak": peak_level(song.output),
        "clipped_share": clipped_share(song.output),
        "dc_offset": dc_offset(song.output),
        "length_error_samples": float(length_error_samples(song.source_info, song.output.size, song.output_rate)),
    }


MEASURE = Measure(
    metrics=(
        plain("peak", "Peak", "", "down", "Largest magnitude of the output; 1 is full scale.", group="signal"),
        plain("clipped_share", "Clipped", "%", "down", "Samples in flat runs at full scale.", group="signal", digits=3),
        plain("dc_offset", "DC offset", "", "zero", "Mean of the output.", group="signal", digits=4),
        plain(
            "length_error_samples",
            "Length error",
            "samples",
            "zero",
            "Samples of the output beyond its source's length.",
            group="signal",
            digits=0,
        ),
    ),
    conclude=_conclude,
)
