"""Analysis with the WORLD vocoder: pitch contour, spectral envelope, transposition.

Conventions: one frame every 5 ms, frame t centred at t * 5 ms, T = floor(1000 S / (5 sample_rate)) + 1.
`f0_hz` is 0.0 where unvoiced. DIO + StoneMask is a time-domain tracker: it shares nothing with the neural tracker that
the models train on, so errors of the latter are not hidden.

Reference: Morise et al., IEICE Transactions E99-D(7), 2016; CheapTrick: Speech Communication 67, 2015.
"""

import numpy as np
from numpy.typing import NDArray

from duetto.storage.audio import Waveform
from duetto.units import CENTS_PER_OCTAVE, semitones_to_ratio
from duetto.world import F0_CEIL_HZ, F0_FLOOR_HZ, aperiodicity, import_world, power_envelope

pyworld = import_world()

FloatArray = NDArray[np.float64]

FRAME_PERIOD_MS = 5.0
DIO_SPEED = 4  # decimation: 8 times faster at 24 kHz; 1.8 cents of difference after StoneMask
MAX_STEP_CENTS = 150.0  # between frames 5 ms apart; the fastest portamento and vibrato stay below 100
MIN_STRETCH_FRAMES = 10  # 50 ms, half of the shortest sung notes
UNVOICED_F0_HZ = 200.0  # sets CheapTrick's window where there is no pitch; those frames are never scored


def num_world_frames(num_samples: int, sample_rate: int) -> int:
    """Number of 5 ms frames that WORLD gives for a waveform."""
    return int(1000.0 * num_samples / sample_rate / FRAME_PERIOD_MS) + 1


def track_f0(waveform: Waveform, sample_rate: int) -> FloatArray:
    """Pitch contour by DIO, refined by StoneMask, with islands removed; independent of the gain.

    Args:
        waveform: (S,), any level.
        sample_rate: Hz.

    Returns:
        Hz, (T,), one value every 5 ms, 0.0 where unvoiced; all 0.0 for silence.
    """
    samples = _normalised(waveform)
    if not samples.any():
        return np.zeros(num_world_frames(samples.size, sample_rate))
    f0_hz, times_s = pyworld.dio(
        samples, sample_rate, f0_floor=F0_FLOOR_HZ, f0_ceil=F0_CEIL_HZ, frame_period=FRAME_PERIOD_MS, speed=DIO_SPEED
    )
    return remove_islands(pyworld.stonemask(samples, f0_hz, times_s, sample_rate))


def remove_islands(f0_hz: FloatArray) -> FloatArray:
    """Mark as unvoiced all continuous stretches shorter than 50 ms, which no voice sings.

    At onsets and consonants the tracker is erratic. A handful of such frames, octaves off, would otherwise dominate a
    root mean square error.

    Args:
        f0_hz: Contour, (T,), Hz.

    Returns:
        Contour (T,); a stretch ends at a rest or a step of more than 150 cents between frames.
    """
    if not f0_hz.size:
        return f0_hz
    log2_hz = np.log2(np.maximum(f0_hz, 1.0))
    is_cut = (np.abs(np.diff(log2_hz)) > MAX_STEP_CENTS / CENTS_PER_OCTAVE) | np.diff(f0_hz > 0.0)
    stretch = np.concatenate(([0], np.cumsum(is_cut)))
    is_kept = np.bincount(stretch) >= MIN_STRETCH_FRAMES
    return np.where(is_kept[stretch], f0_hz, 0.0)


def spectral_envelope(waveform: Waveform, f0_hz: FloatArray, sample_rate: int) -> FloatArray:
    """Power spectrum without its harmonics (CheapTrick).

    Args:
        waveform: (S,); its peak is normalised first, so the gain has no effect.
        f0_hz: Pitch that sets the analysis windows, (T,), Hz.
        sample_rate: Hz.

    Returns:
        Power, (T, n_fft // 2 + 1), linear.
    """
    samples = _normalised(waveform)
    return power_envelope(samples, _with_default_pitch(f0_hz), _frame_times_s(f0_hz.size), sample_rate)


def transpose(waveform: Waveform, f0_hz: FloatArray, semitones: float, sample_rate: int) -> Waveform:
    """The same performance at another pitch, with unchanged formants.

    Args:
        waveform: (S,), +-1.0.
        f0_hz: Its contour from `track_f0`, (T,), Hz.
        semitones: Upwards if positive; 0 returns the waveform without vocoding.
        sample_rate: Hz.

    Returns:
        Waveform (S,), same length, same peak level; silence stays silence.
    """
    if semitones == 0.0 or not np.any(waveform):
        return waveform
    peak = float(np.max(np.abs(waveform)))
    samples = _normalised(waveform)
    envelope = spectral_envelope(waveform, f0_hz, sample_rate)
    noise = aperiodicity(samples, f0_hz, _frame_times_s(f0_hz.size), sample_rate)
    sung = pyworld.synthesize(f0_hz * semitones_to_ratio(semitones), envelope, noise, sample_rate)
    sung = np.pad(sung, (0, max(0, samples.size - sung.size)))[: samples.size]
    return np.asarray(sung * (peak / max(float(np.max(np.abs(sung))), 1e-9)), dtype=np.float32)


def _normalised(waveform: Waveform) -> FloatArray:
    samples = np.ascontiguousarray(waveform, dtype=np.float64)
    peak = float(np.max(np.abs(samples), initial=0.0))
    return samples / peak if peak > 0.0 else samples


def _with_default_pitch(f0_hz: FloatArray) -> FloatArray:
    return np.ascontiguousarray(np.where(f0_hz > 0.0, f0_hz, UNVOICED_F0_HZ))


def _frame_times_s(num_frames: int) -> FloatArray:
    return np.asarray(np.arange(num_frames) * (FRAME_PERIOD_MS / 1000.0), dtype=np.float64)
