"""The room of case B: early reflections by image sources, followed by a decaying noise tail.

The impulse response has the direct sound at time 0 with gain 1, so that a reverberant clip keeps the time base of its
dry rendition. Room and positions are fixed; only reverberation time and direct-to-reverberant ratio are settings.

Reference: Allen & Berkley, JASA 65(4), 1979 (image sources); Sabine's formula for the absorption.
"""

import warnings
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.signal import oaconvolve

from duetto.errors import ConfigError
from duetto.settings.case_config import RoomConfig
from duetto.storage.audio import Waveform
from duetto.storage.full_scale import gain_to_fit
from duetto.units import db_to_amplitude

ROOM_SIZE_M = (9.0, 7.0, 3.4)
SOURCE_M = (3.1, 2.9, 1.62)
MICROPHONE_M = (4.3, 3.6, 1.55)
MAX_ORDER = 10  # reflections; images of higher order arrive after MIXING_S
MIXING_S = 0.06  # image sources fade into the noise tail around here
DIRECT_S = 0.0025  # contains the direct sound; the first reflection comes 6 ms later


def room_response(room: RoomConfig, sample_rate: int, seed: int = 0) -> NDArray[np.float64]:
    """Impulse response of the room, (S,), direct sound at sample 0 with gain 1.

    Args:
        room: Reverberation time (s, > 0) and direct-to-reverberant ratio (dB).
        sample_rate: Hz.
        seed: Seed of the noise tail.

    Raises:
        ConfigError: If the walls cannot absorb enough for so short a reverberation.
    """
    early = _image_sources(room.rt60_s, sample_rate)
    num_samples = round(room.rt60_s * sample_rate)
    time_s = np.arange(num_samples) / sample_rate
    decay = 10.0 ** (-3.0 * time_s / room.rt60_s)  # -60 dB at rt60_s
    tail = np.random.default_rng(seed).standard_normal(num_samples) * decay
    early = np.pad(early, (0, max(0, num_samples - len(early))))[:num_samples]
    # The tail starts at the level of the reflections around the mixing time.
    window = slice(round(0.6 * MIXING_S * sample_rate), round(1.2 * MIXING_S * sample_rate))
    level = np.sqrt(np.sum(early[window] ** 2) / np.sum(tail[window] ** 2))
    blend = np.clip((time_s - 0.6 * MIXING_S) / (0.6 * MIXING_S), 0.0, 1.0)
    reverberation = early * np.cos(blend * np.pi / 2) + level * tail * np.sin(blend * np.pi / 2)
    reverberation[: round(DIRECT_S * sample_rate)] = 0.0
    energy = float(np.sum(reverberation**2))
    response = reverberation * (db_to_amplitude(-room.direct_to_reverberant_db) / np.sqrt(energy))
    response[0] = 1.0
    return response


def add_room(waveform: Waveform, response: NDArray[np.float64]) -> Waveform:
    """Add the room to a waveform (S,), (S,): same time base, same length, so the decay after the end is cut off.

    If the sum exceeds +-0.99, the whole clip is scaled down.
    """
    if len(waveform) == 0:
        return waveform
    wet = oaconvolve(waveform.astype(np.float64), response)[: len(waveform)]
    peak = float(np.max(np.abs(wet)))
    return cast(Waveform, (wet * gain_to_fit(peak)).astype(np.float32))


def _image_sources(rt60_s: float, sample_rate: int) -> NDArray[np.float64]:
    """Response of the image sources, direct sound at sample 0 with gain 1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # raised on import by a dependency; a user cannot act on it
        import pyroomacoustics  # slow to import, and only case B in a room needs it

    try:
        absorption, _ = pyroomacoustics.inverse_sabine(rt60_s, ROOM_SIZE_M)
    except ValueError as error:
        raise ConfigError(
            f"data.room.rt60_s={rt60_s}: a room of 9 x 7 x 3.4 m always rings longer. Choose 0 (dry) or at least 0.2 s."
        ) from error
    shoebox = pyroomacoustics.ShoeBox(
        ROOM_SIZE_M, fs=sample_rate, materials=pyroomacoustics.Material(absorption), max_order=MAX_ORDER
    )
    shoebox.add_source(SOURCE_M)
    shoebox.add_microphone(MICROPHONE_M)
    shoebox.compute_rir()
    response = np.asarray(shoebox.rir[0][0], dtype=np.float64)
    direct = int(np.argmax(np.abs(response)))
    return response[direct:] / response[direct]
