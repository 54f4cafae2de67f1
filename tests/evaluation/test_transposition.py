import numpy as np
import pytest

from duetto.evaluation.analysis.pitch import track_f0
from duetto.evaluation.analysis.world import transpose
from duetto.evaluation.metrics.melody import f0_rmse_cents

from .voices import SAMPLE_RATE, melody, sing

SUNG = melody(3.0, base_hz=220.0, rests=((1.0, 1.8),))


@pytest.mark.parametrize("semitones", [-12.0, 0.5, 7.0])
def test_transposition_moves_the_pitch_and_keeps_length_and_peak(semitones):
    voice = sing(SUNG)
    contour = track_f0(voice, SAMPLE_RATE)
    moved = transpose(voice, contour, semitones, SAMPLE_RATE)
    assert moved.shape == voice.shape
    assert np.max(np.abs(moved)) == pytest.approx(np.max(np.abs(voice)), rel=1e-5)
    assert f0_rmse_cents(contour * 2 ** (semitones / 12), track_f0(moved, SAMPLE_RATE)) < 15.0


def test_no_transposition_gives_the_waveform_itself_and_silence_stays_silence():
    voice, silence = sing(SUNG), np.zeros(SAMPLE_RATE, dtype=np.float32)
    assert transpose(voice, track_f0(voice, SAMPLE_RATE), 0.0, SAMPLE_RATE) is voice
    assert not transpose(silence, np.zeros(201), 5.0, SAMPLE_RATE).any()
