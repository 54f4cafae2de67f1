"""Removes rumble from a conversion: everything well below its melody, where a voice has no energy."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from duetto.conversion.samples import SampleStore
from duetto.storage.audio import Waveform

RUMBLE_HZ = 48.0  # upstream high-passes sources and training audio here
RUMBLE_ORDER = 4
STRAY_PERCENT = 1.0  # of voiced frames: octave errors of the tracker
BLOCK_S = 20.0  # filtered at once
CONTEXT_S = 1.0  # context on both sides of a block, over which the filter at 48 Hz decays below e^-100


def lowest_pitch_hz(f0_hz: NDArray[np.float32]) -> float:
    """The lowest pitch of a melody (T,), ignoring stray frames; 0.0 if nothing is voiced."""
    voiced = f0_hz[f0_hz > 0]
    return float(np.percentile(voiced, STRAY_PERCENT)) if voiced.size else 0.0


def remove_rumble(waveform: Waveform, sample_rate: int, lowest_hz: float) -> Waveform:
    """Remove, without delay, everything more than an octave below the melody's lowest pitch.

    A voice has no energy there. A generator with little training hums at its frame rate, too softly to affect any loss
    but steadily enough to mislead a pitch tracker. Deviation 9 (docs/deviations.md).
    """
    cutoff_hz = max(RUMBLE_HZ, lowest_hz / 2)
    sections = butter(RUMBLE_ORDER, cutoff_hz, "highpass", fs=sample_rate, output="sos")
    return np.asarray(sosfiltfilt(sections, waveform), np.float32)


def without_rumble(samples: SampleStore, sample_rate: int, lowest_hz: float) -> Iterator[Waveform]:
    """`remove_rumble` for a whole store, block by block: the same samples in constant memory."""
    context = int(CONTEXT_S * sample_rate)
    for start, stop in samples.blocks(int(BLOCK_S * sample_rate)):
        first = max(start - context, 0)
        filtered = remove_rumble(samples.read(first, stop + context), sample_rate, lowest_hz)
        yield filtered[start - first : stop - first]
