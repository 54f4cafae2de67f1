"""The level of a recording, and a copy of it at the level that analysis expects.

Trackers, encoders, slicer and the doctor depend on level: a tracker loses a softly recorded voice, and a threshold in
dB relative to full scale mistakes quiet singing for a pause. They therefore get a copy at the level of the embedded
voices. The recording itself keeps its own level.

Conventions: levels are in dB relative to full scale, root mean square over frames of 20 ms. The level of a recording is
the one that its loudest second exceeds, or its loudest twentieth where that is shorter, so that neither pauses nor
single damaged samples affect it.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from duetto.units import amplitude_to_db, db_to_amplitude

STANDARD_DB = -14.0  # the loudest second of an embedded voice, whose singing has -20 dB throughout
FRAME_S = 0.02
LOUD_SHARE, LOUD_FRAMES = 0.05, 50  # of the frames, or a second if that is less
LEAST_LOUD_FRAMES = 4  # so that a damaged sample, which affects one of them, does not decide
DITHER_DB = -90.0  # one step of 16 bits: nothing but rounding and dither
LIMIT = 4.0  # of the copy, 26 dB above its level: only damaged samples exceed it
QUIET_PEAK_DB = -50.0  # recordings with a lower peak lose one per cent or more of their voiced frames
QUIET_PEAK_8_BIT_DB = -8.0  # the same, where the samples have eight bits
EIGHT_BITS = ("PCM_U8", "PCM_S8")
SILENT_DB = -93.0  # root mean square of a recording with nothing but dither

Samples = NDArray[np.float32]


def level_db(waveform: Samples, sample_rate: int) -> float:
    """Level of a waveform (..., S); -inf in digital silence."""
    frame = max(1, round(FRAME_S * sample_rate))
    frame = min(frame, max(1, waveform.shape[-1]))
    count = waveform.shape[-1] // frame
    if count == 0:
        return -math.inf
    whole = waveform[..., : count * frame].reshape(*waveform.shape[:-1], count, frame)
    power = np.mean(np.square(whole, dtype=np.float64), axis=-1).reshape(-1, count).mean(axis=0)
    loud = min(max(LEAST_LOUD_FRAMES, min(LOUD_FRAMES, round(LOUD_SHARE * count))), count)
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(np.partition(power, count - loud)[count - loud]))


def standard_gain_db(waveform: Samples | Sequence[Samples], sample_rate: int) -> float:
    """Gain that brings a waveform (..., S), or the loudest of several, to the standard level.

    Returns:
        dB; 0.0 if there is nothing but dither.
    """
    waveforms = [waveform] if isinstance(waveform, np.ndarray) else waveform
    level = max((level_db(part, sample_rate) for part in waveforms), default=-math.inf)
    return STANDARD_DB - level if level > SILENT_DB else 0.0


def at_standard_level(waveform: Samples, sample_rate: int) -> Samples:
    """A copy (..., S) for analysis, with damaged samples limited."""
    gain = db_to_amplitude(standard_gain_db(waveform, sample_rate))
    return np.clip(waveform * np.float32(gain), -LIMIT, LIMIT).astype(np.float32)


def say_quiet(peak: float, subtype: str) -> str:
    """A warning if a recording is too soft for its sample format, in words that follow its name; empty otherwise."""
    peak_db = float(amplitude_to_db(peak))
    limit_db, bits = (QUIET_PEAK_8_BIT_DB, " to 8 bits") if subtype in EIGHT_BITS else (QUIET_PEAK_DB, "")
    if peak_db >= limit_db:
        return ""
    return (
        f"is recorded very softly: its peak is {peak_db:.0f} dBFS. "
        f"Below {limit_db:.0f} dBFS pitch and words get lost in the rounding{bits}"
    )
