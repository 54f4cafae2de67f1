"""How a clip of the ensemble was recorded: its level, and for some a room and a microphone.

What is done to a clip is a function of seed, song and voice alone, so that anyone can ask for it again
(`draw_treatment`). Held-out clips get a level and nothing else.

Conventions: waveforms are (S,), full scale +-1; a room keeps the time base of the dry clip.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt

from duetto.corpus.embedded_cases.room import add_room, room_response
from duetto.settings.case_config import RoomConfig
from duetto.singer.spectrum import smooth_curve
from duetto.storage.audio import Waveform
from duetto.storage.full_scale import fit_full_scale
from duetto.units import db_to_amplitude

LEVEL_DBFS = (-32.0, -17.0)  # root mean square
HELD_OUT_DBFS = -22.0
ROOM_RT60_S, ROOM_DIRECT_DB = (0.25, 0.8), (6.0, 16.0)
EQUALISER_DB = (1.0, 3.5)  # standard deviation of a microphone's smooth response
LOW_CUT_HZ = (40.0, 160.0)
FLOOR_DB = (-62.0, -40.0)  # of a microphone's noise, relative to the voice
SILENCE = 1e-9


@dataclass(frozen=True)
class Treatment:
    """What is done to a clip; None = nothing."""

    level_dbfs: float
    room: RoomConfig | None = None
    equaliser_db: float | None = None  # of the microphone, with its seed, low cut and noise
    low_cut_hz: float = 0.0
    floor_db: float = 0.0
    seed: int = 0


def draw_treatment(song: str, voice: str, seed: int, room_share: float, microphone_share: float) -> Treatment:
    """The treatment of one voice's clip of a song; shares are 0 to 1."""
    digest = hashlib.sha256(f"{seed} {song} {voice}".encode()).digest()
    random = np.random.default_rng(list(digest))
    level = float(random.uniform(*LEVEL_DBFS))
    has_room, has_microphone = random.random(2) < (room_share, microphone_share)
    room = RoomConfig(float(random.uniform(*ROOM_RT60_S)), float(random.uniform(*ROOM_DIRECT_DB)))
    equaliser, low_cut, floor = (float(random.uniform(*bounds)) for bounds in (EQUALISER_DB, LOW_CUT_HZ, FLOOR_DB))
    return Treatment(
        level,
        room if has_room else None,
        equaliser if has_microphone else None,
        low_cut,
        floor,
        int(random.integers(2**31)),
    )


def treat(waveform: Waveform, treatment: Treatment, sample_rate: int) -> Waveform:
    """The clip as recorded, of the same length; at most 0.99 of full scale."""
    level = float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
    if level < SILENCE:
        return waveform
    treated = waveform
    if treatment.room is not None:
        treated = add_room(treated, room_response(treatment.room, sample_rate, treatment.seed))
    if treatment.equaliser_db is not None:
        treated = _through_microphone(treated, treatment, sample_rate)
    level = float(np.sqrt(np.mean(np.square(treated, dtype=np.float64))))
    gain = db_to_amplitude(treatment.level_dbfs) / max(level, SILENCE)
    return fit_full_scale((treated * gain).astype(np.float32))


def _through_microphone(waveform: Waveform, treatment: Treatment, sample_rate: int) -> Waveform:
    assert treatment.equaliser_db is not None
    spectrum = np.fft.rfft(waveform.astype(np.float64), 2 * waveform.size)
    hz = np.maximum(np.fft.rfftfreq(2 * waveform.size, 1.0 / sample_rate), 20.0)
    gain_db = treatment.equaliser_db * smooth_curve(treatment.seed, hz)
    heard = np.fft.irfft(spectrum * 10.0 ** (gain_db / 20.0))[: waveform.size]
    heard = sosfilt(butter(2, treatment.low_cut_hz, "highpass", fs=sample_rate, output="sos"), heard)
    level = float(np.sqrt(np.mean(heard**2)))
    noise = np.random.default_rng(treatment.seed).standard_normal(waveform.size)
    return (heard + noise * level * db_to_amplitude(treatment.floor_db)).astype(np.float32)
