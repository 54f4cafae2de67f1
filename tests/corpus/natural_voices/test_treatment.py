import numpy as np
import pytest

from duetto.corpus.natural_voices.treatment import HELD_OUT_DBFS, Treatment, draw_treatment, treat

RATE = 24_000


@pytest.fixture
def tone() -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE)).astype(np.float32)


def level_dbfs(waveform: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(waveform, dtype=np.float64))))


def test_a_level_alone_is_a_gain(tone: np.ndarray):
    quiet = treat(tone, Treatment(HELD_OUT_DBFS), RATE)
    assert level_dbfs(quiet) == pytest.approx(-22.0, abs=1e-3)
    assert np.allclose(quiet / quiet.max(), tone / tone.max(), atol=1e-6)


def test_silence_stays_silence():
    assert not treat(np.zeros(100, np.float32), Treatment(-20.0), RATE).any()


def test_room_and_microphone_keep_length_and_level(tone: np.ndarray):
    treated = treat(tone, draw_treatment("a song", "a voice", 0, 1.0, 1.0), RATE)
    wanted = draw_treatment("a song", "a voice", 0, 1.0, 1.0)
    assert wanted.room is not None
    assert wanted.equaliser_db is not None
    assert len(treated) == len(tone)
    assert level_dbfs(treated) == pytest.approx(wanted.level_dbfs, abs=0.1)
    assert not np.allclose(treated / treated.max(), tone / tone.max(), atol=0.05)


def test_shares_are_kept_and_the_same_clip_is_treated_alike():
    drawn = [draw_treatment(f"song {k}", "voice", 0, 0.15, 0.3) for k in range(1000)]
    assert sum(each.room is not None for each in drawn) == pytest.approx(150, abs=35)
    assert sum(each.equaliser_db is not None for each in drawn) == pytest.approx(300, abs=45)
    assert drawn[7] == draw_treatment("song 7", "voice", 0, 0.15, 0.3)
    assert drawn[7] != draw_treatment("song 7", "voice", 1, 0.15, 0.3)
