"""Turns dry synthesis into a recording: level, audible breaths, noise floor, headroom."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from duetto.singer.spectrum import SAMPLE_RATE
from duetto.singer.timing import HOP_S, PAUSE, Timing
from duetto.singer.voices import EmbeddedVoice
from duetto.storage.audio import Waveform
from duetto.units import amplitude_to_db, db_to_amplitude

LEVEL_DBFS = -20.0  # root mean square while singing
PEAK = 0.89
NOISE_FLOOR_DBFS = -60.0  # root mean square of the room and microphone
NOISE_CORNER_HZ = 4000.0  # above, the floor falls by 6 dB an octave
BREATH_S, MIN_BREATH_PAUSE_S = 0.28, 0.4
BREATH_BAND_HZ = (600.0, 7000.0)


def finish(
    dry: NDArray[np.float64], timing: Timing, voice: EmbeddedVoice, random: np.random.Generator
) -> tuple[Waveform, float]:
    """Bring singing to its level and add breaths and a noise floor.

    Args:
        dry: Synthesis, (S,).
        timing: Of the same song.
        voice: The singer.
        random: Source of randomness for breaths and noise.

    Returns:
        The waveform (S,), peak below 0.9, and the gain applied to `dry`, dB.
    """
    hop = round(HOP_S * SAMPLE_RATE)
    sounding = np.zeros(timing.num_frames, dtype=bool)
    for phone in timing.phones:
        sounding[phone.start : phone.end] = phone.phone != PAUSE
    mask = np.repeat(sounding, hop)
    gain = db_to_amplitude(LEVEL_DBFS) / max(float(np.sqrt(np.mean(dry[mask] ** 2))), 1e-9)
    gain = min(gain, 0.95 * PEAK / max(float(np.max(np.abs(dry))), 1e-9))
    waveform = gain * dry
    waveform += _breaths(timing, voice, dry.size, random)
    waveform += _noise_floor(dry.size, random)
    return np.clip(waveform, -PEAK, PEAK).astype(np.float32), float(amplitude_to_db(np.array(gain)))


def _breaths(
    timing: Timing, voice: EmbeddedVoice, num_samples: int, random: np.random.Generator
) -> NDArray[np.float64]:
    breaths = np.zeros(num_samples)
    length = round(BREATH_S * SAMPLE_RATE)
    window = np.hanning(length) ** 0.7
    band = butter(2, BREATH_BAND_HZ, "bandpass", fs=SAMPLE_RATE, output="sos")
    for phone in timing.phones[:-1]:
        if phone.phone != PAUSE or phone.num_frames * HOP_S < MIN_BREATH_PAUSE_S:
            continue
        noise = sosfilt(band, random.standard_normal(length))
        noise *= db_to_amplitude(LEVEL_DBFS + voice.breath_level_db) / max(float(noise.std()), 1e-9)
        end = round((phone.end * HOP_S - 0.04) * SAMPLE_RATE)
        breaths[end - length : end] += noise * window
    return breaths


def _noise_floor(num_samples: int, random: np.random.Generator) -> NDArray[np.float64]:
    corner = butter(1, NOISE_CORNER_HZ, fs=SAMPLE_RATE, output="sos")
    noise = sosfilt(corner, random.standard_normal(num_samples))
    return noise * db_to_amplitude(NOISE_FLOOR_DBFS) / max(float(noise.std()), 1e-9)
