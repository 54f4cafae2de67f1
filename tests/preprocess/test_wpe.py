"""What weighted prediction error takes off a held note stands in the ledger."""

import numpy as np

from duetto.preprocess.segment import Segment
from duetto.preprocess.steps.wpe import WPE, lost_share
from tests.evaluation.voices import SAMPLE_RATE, melody, sing


def treated(waveform):
    (segment,), dropped = WPE().apply((Segment(waveform[None], SAMPLE_RATE, "take"),))
    assert segment.num_samples == waveform.size
    return segment.mixed().waveform, dropped


def test_a_steady_note_that_is_taken_for_an_echo_is_told():
    note = sing(np.full(3 * SAMPLE_RATE, 220.0), floor_db=-90.0)
    after, (remark,) = treated(note)
    assert np.std(after[SAMPLE_RATE:]) < 0.1 * np.std(note[SAMPLE_RATE:])
    assert lost_share(note, after, SAMPLE_RATE) > 0.5
    assert (remark.clip_id, remark.seconds) == ("take", 0.0)
    assert "over 50% of the singing lost 6 dB or more" in remark.reason


def test_a_melody_that_keeps_its_level_is_no_remark():
    after, dropped = treated(sing(melody(4.0)))
    assert lost_share(sing(melody(4.0)), after, SAMPLE_RATE) < 0.01
    assert dropped == ()


def test_silence_loses_nothing():
    silence = np.zeros(SAMPLE_RATE, np.float32)
    assert lost_share(silence, silence, SAMPLE_RATE) == 0.0
    assert treated(silence)[1] == ()
