import numpy as np
import pytest

from duetto.corpus.embedded_cases.room import add_room, room_response
from duetto.errors import ConfigError
from duetto.settings.case_config import RoomConfig

RATE = 16_000


@pytest.fixture(scope="module")
def response() -> np.ndarray:
    return room_response(RoomConfig(), RATE)


def test_direct_sound_comes_first_and_is_six_db_above_the_rest(response: np.ndarray):
    assert response[0] == 1.0
    assert 10 * np.log10(1.0 / np.sum(response[1:] ** 2)) == pytest.approx(6.0, abs=0.01)


def test_energy_decays_by_sixty_db_in_the_reverberation_time(response: np.ndarray):
    # Schroeder 1965: backward integration; slope between -15 and -35 dB, extrapolated to 60 dB.
    energy_db = 10 * np.log10(np.cumsum(response[::-1] ** 2)[::-1])
    energy_db -= energy_db[1]
    span = np.flatnonzero((energy_db < -15) & (energy_db > -35))
    slope = np.polyfit(span / RATE, energy_db[span], 1)[0]
    assert -60 / slope == pytest.approx(0.9, rel=0.1)


def test_nothing_comes_before_the_first_reflection(response: np.ndarray):
    # Floor: source 1.62 m and microphone 1.55 m high, 1.39 m apart: path 3.46 m, so 2.07 m later than direct.
    first = round((3.46 - 1.39) / 343 * RATE)
    assert np.max(np.abs(response[1 : first - 45])) < 0.02


def test_the_same_settings_give_the_same_room():
    assert np.array_equal(room_response(RoomConfig(), RATE), room_response(RoomConfig(), RATE))


def test_a_wet_clip_keeps_length_and_onset(response: np.ndarray):
    dry = np.zeros(RATE, dtype=np.float32)
    dry[4000] = 0.5
    wet = add_room(dry, response)
    assert wet.shape == dry.shape
    assert int(np.argmax(np.abs(wet))) == 4000
    assert np.max(np.abs(wet[:4000])) < 1e-6


def test_a_loud_clip_stays_below_full_scale(response: np.ndarray):
    loud = np.sign(np.sin(np.arange(RATE) * 0.05)).astype(np.float32)
    assert np.max(np.abs(add_room(loud, response))) <= 0.9901


def test_a_room_that_cannot_be_so_dead_is_refused():
    with pytest.raises(ConfigError, match=r"at least 0\.2 s"):
        room_response(RoomConfig(rt60_s=0.05), RATE)
