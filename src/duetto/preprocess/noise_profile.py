"""The noise profile of a recording: the mean power spectrum of its quietest stretch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duetto.preprocess.segment import Segment, Segments
from duetto.preprocess.spectrum import OVERLAP, power_blocks
from duetto.preprocess.steps.slice import frame_levels_db
from duetto.units import seconds_to_samples

HOP_S = 0.01
SILENT_DB = -140.0  # digital silence contains no noise to measure
MIN_FRAMES = 2  # of the spectrum, so that there is something to average


@dataclass(frozen=True)
class Stretch:
    """A stretch that contains only noise."""

    duration_s: float = 0.5
    start_s: float | None = None  # in the clip; None = the quietest stretch that is not digital silence


def noise_profile(segments: Segments, n_fft: int, stretch: Stretch) -> NDArray[np.float32] | None:
    """Mean power of each bin where a clip contains only noise.

    Args:
        segments: The segments of one clip; channels are mixed.
        n_fft: Window length, as in `transform_spectrum`.
        stretch: The stretch to use.

    Returns:
        (F,), or None if the clip is digital silence or shorter than the stretch.
    """
    places = [place for segment in segments if (place := _find(segment, stretch)) is not None]
    if not places:
        return None
    _, segment, first = min(places, key=lambda place: place[0])
    last = first + seconds_to_samples(stretch.duration_s, segment.sample_rate)
    power = np.concatenate(list(power_blocks(segment.mixed().waveform[first:last], n_fft)))
    whole = power[OVERLAP - 1 : len(power) - (OVERLAP - 1)]  # frames without the zeros around the stretch
    return whole.mean(axis=0) if len(whole) >= MIN_FRAMES else None


def _find(segment: Segment, stretch: Stretch) -> tuple[float, Segment, int] | None:
    """Level in dB of the best stretch of a segment, the segment, and the stretch's first sample."""
    hop = max(1, seconds_to_samples(HOP_S, segment.sample_rate))
    num_samples = seconds_to_samples(stretch.duration_s, segment.sample_rate)
    num_frames = max(1, num_samples // hop)
    if segment.num_samples < num_samples:
        return None
    if stretch.start_s is not None:
        first = seconds_to_samples(stretch.start_s, segment.sample_rate) - segment.start
        return (0.0, segment, first) if 0 <= first <= segment.num_samples - num_samples else None
    power = 10.0 ** (frame_levels_db(segment.mixed().waveform, hop, half_window=0) / 10.0)
    totals = np.concatenate([[0.0], np.cumsum(power)])
    mean = (totals[num_frames:] - totals[:-num_frames]) / num_frames
    level_db = 10.0 * np.log10(np.maximum(mean[: (segment.num_samples - num_samples) // hop + 1], 1e-30))
    level_db[level_db < SILENT_DB] = np.inf
    best = int(np.argmin(level_db))
    return (float(level_db[best]), segment, best * hop) if np.isfinite(level_db[best]) else None
