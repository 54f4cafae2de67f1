import numpy as np
import pytest

from duetto.score.score import Note, Score, Tempo
from duetto.singer.sing import sing
from duetto.singer.voices import get_voice


@pytest.mark.parametrize("midi", [43, 50])
def test_a_low_note_has_its_fundamental(midi: int):
    note = Note(0, 4 * 480, midi - get_voice("low").transposition, "お")
    rendition = sing(Score("note", (note,), (Tempo(0, 120.0),)), get_voice("low"), seed=1)
    held = rendition.waveform[30_000:60_000] * np.hanning(30_000)
    f0_hz = 440 * 2 ** ((midi - 69) / 12)
    power = np.abs(np.fft.rfft(held, 2**17)) ** 2
    frequency_hz = np.fft.rfftfreq(2**17, 1 / 48_000)

    def harmonic_db(number: int) -> float:
        near = np.abs(frequency_hz - number * f0_hz) < 0.2 * f0_hz
        return float(10 * np.log10(power[near].sum()))

    assert harmonic_db(1) > max(harmonic_db(2), harmonic_db(3)) - 8
