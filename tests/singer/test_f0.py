import numpy as np
import pytest

from duetto.score.score import Curve, Note, Score, Tempo, Vibrato
from duetto.singer.f0 import f0_contour, sung_midi, wander
from duetto.singer.timing import lay_out
from duetto.singer.voices import PitchStyle

PLAIN = PitchStyle(0.06, 0.0, 0.0, 0.0, 0.0, 0.0)


def line(*notes: Note, **curves: Curve) -> Score:
    return Score("line", notes, (Tempo(0, 120.0),), **curves)


def pitch_of(score: Score, style: PitchStyle = PLAIN) -> np.ndarray:
    return sung_midi(score, lay_out(score), style, np.random.default_rng(0))


def test_a_plain_note_is_sung_at_its_pitch():
    score = line(Note(0, 480, 69, "あ"))
    f0_hz = f0_contour(pitch_of(score), lay_out(score))
    np.testing.assert_allclose(f0_hz[:100], 440.0)
    assert not f0_hz[100:].any()


def test_unvoiced_phones_have_no_pitch():
    score = line(Note(480, 480, 60, "さ"))
    timing = lay_out(score)
    f0_hz = f0_contour(pitch_of(score), timing)
    assert not f0_hz[timing.phones[1].start : timing.phones[1].end].any()
    assert f0_hz[timing.phones[2].start : timing.phones[2].end].all()


def test_a_glide_is_halfway_at_the_note_and_lasts_as_long_as_the_style_says():
    pitch = pitch_of(line(Note(0, 480, 60, "あ"), Note(480, 480, 64, "い")))
    assert pitch[100] == pytest.approx(62.0, abs=0.4)
    moving = np.flatnonzero((pitch[50:150] > 60.02) & (pitch[50:150] < 63.98))
    assert 10 <= moving.size <= 16  # 60 ms = 12 frames, with rounded corners


def test_overshoot_passes_the_note_by_its_share_of_the_interval():
    style = PitchStyle(0.06, 0.05, 0.0, 0.0, 0.0, 0.0)
    pitch = pitch_of(line(Note(0, 480, 60, "あ"), Note(480, 480, 67, "い")), style)
    assert pitch[100:200].max() == pytest.approx(67.35, abs=0.02)
    assert pitch[199] == pytest.approx(67.0, abs=0.05)


def test_a_phrase_starts_below_its_note_by_the_scoop():
    pitch = pitch_of(line(Note(0, 960, 60, "あ")), PitchStyle(0.06, 0.0, 50.0, 0.0, 0.0, 0.0))
    assert pitch[0] == pytest.approx(59.5, abs=0.05)
    assert pitch[150] == pytest.approx(60.0, abs=0.01)


def test_the_scores_vibrato_has_its_own_depth_rate_and_place():
    vibrato = Vibrato(0.5, ((0.0, 50.0),), ((0.0, 5.0),))
    cents = 100.0 * (pitch_of(line(Note(0, 1920, 60, "あ", vibrato=vibrato)))[:400] - 60.0)
    assert np.abs(cents[:195]).max() < 1.0
    assert np.abs(cents[260:380]).max() == pytest.approx(50.0, abs=1.5)
    assert np.count_nonzero(np.diff(cents[255:375] > 1.0)) == 6  # 5 Hz over 0.6 s


def test_the_voices_vibrato_waits_for_its_delay_and_skips_short_notes():
    style = PitchStyle(0.06, 0.0, 0.0, 0.0, 0.0, 30.0)
    long, short = pitch_of(line(Note(0, 1920, 60, "あ")), style), pitch_of(line(Note(0, 480, 60, "あ")), style)
    assert np.abs(long[:65] - 60.0).max() < 0.01
    assert np.abs(long[200:380] - 60.0).max() == pytest.approx(0.3, abs=0.02)
    assert np.abs(short - 60.0).max() < 0.01


def test_pitch_bend_holds_until_the_next_point():
    pitch = pitch_of(line(Note(0, 960, 60, "あ"), pitch_bend_semitones=Curve(((240, 1.0), (480, 0.0)))))
    assert pitch[[40, 75, 150]] == pytest.approx([60.0, 61.0, 60.0], abs=0.01)


def test_wander_has_the_asked_size_and_none_when_asked_for_none():
    random = np.random.default_rng(1)
    assert wander(4000, PitchStyle(drift_cents=5.0, jitter_cents=0.0), random).std() == pytest.approx(5.0)
    assert not wander(4000, PLAIN, random).any()
