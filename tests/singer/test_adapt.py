from dataclasses import replace

import pytest

from duetto.errors import ScoreError
from duetto.score.score import Note, Score, Tempo
from duetto.singer.adapt import adapt
from duetto.singer.timing import lay_out
from duetto.singer.voices import VOICES

MEI = VOICES["mei"]


def line(*notes: Note) -> Score:
    return Score("line", notes, (Tempo(0, 120.0),))


def test_a_score_that_suits_the_voice_is_left_alone():
    score = line(Note(0, 480, 60, "ら"), Note(480, 480, 64, "ら"))
    assert adapt(score, MEI) == (score, ())


def test_notes_beyond_any_voice_go_octaves_nearer_and_it_is_said():
    score, remarks = adapt(line(Note(0, 480, 92, "ら"), Note(480, 480, 5, "ら"), Note(960, 480, 60, "ら")), MEI)
    assert [note.midi for note in score.notes] == [80, 41, 60]
    assert remarks[0] == "2 notes beyond any voice: moved by octaves"
    assert remarks[1].startswith("2 notes outside the voice's comfortable MIDI 55 to 76")


def test_the_voices_own_octave_and_the_users_transposition_count():
    score, _ = adapt(line(Note(0, 480, 92, "ら")), VOICES["bass"])  # an octave lower: within reach
    assert score.notes[0].midi == 92
    score, _ = adapt(line(Note(0, 480, 80, "ら")), MEI, transpose_semitones=12.0)
    assert score.notes[0].midi == 68


def test_notes_too_short_to_sing_are_left_out_and_the_rest_is_sung():
    tiny = line(Note(0, 480, 60, "ら"), Note(480, 1, 61, "ら"), Note(1200, 480, 62, "ら"))
    with pytest.raises(ScoreError, match="under 5 ms"):
        lay_out(tiny)
    score, remarks = adapt(tiny, MEI)
    assert [note.midi for note in score.notes] == [60, 62]
    assert remarks == ("1 note under 5 ms: left out",)
    lay_out(score)


def test_a_short_note_with_a_hole_after_it_is_sung_through():
    score = line(Note(0, 1, 60, "ら"), Note(40, 480, 62, "ら"))  # 1 ms, then 41 ms of nothing
    assert adapt(score, MEI) == (score, ())
    lay_out(score)


def test_nothing_long_enough_is_refused():
    with pytest.raises(ScoreError, match="no note of 5 ms"):
        adapt(line(Note(0, 1, 60, "ら")), MEI)


def test_guesses_and_velocities_are_said():
    score = line(Note(0, 480, 60, "漢"), replace(Note(480, 480, 60, "ら"), velocity=100))
    assert adapt(score, MEI)[1] == (
        "1 lyric not understood: sung as ra",
        "velocity (on 1 note): consonants keep their length",
    )
