import pytest

from duetto.errors import ScoreError
from duetto.score.score import Note, Score, Tempo
from duetto.singer.timing import HOP_S, PAUSE, TAIL_S, consonant_frames, is_voiced, lay_out


def one_line(*notes: Note) -> Score:
    return Score("line", notes, (Tempo(0, 120.0),))


def test_phones_follow_each_other_without_gap(melody):
    timing = lay_out(melody)
    assert timing.phones[0].start == 0
    assert timing.phones[-1].end == timing.num_frames
    assert all(a.end == b.start for a, b in zip(timing.phones[:-1], timing.phones[1:], strict=True))
    assert all(phone.num_frames > 0 for phone in timing.phones)


def test_a_quarter_at_120_bpm_lasts_half_a_second_and_a_tail_follows():
    timing = lay_out(one_line(Note(480, 480, 60, "あ")))
    assert [(p.phone, p.start, p.end) for p in timing.phones] == [(PAUSE, 0, 100), ("a", 100, 200), (PAUSE, 200, 280)]
    assert timing.num_frames == 200 + TAIL_S / HOP_S


def test_half_of_a_consonant_comes_before_its_note():
    timing = lay_out(one_line(Note(480, 480, 60, "さ")))
    consonant = timing.phones[1]
    assert (consonant.phone, consonant.num_frames) == ("s", 21)  # 105 ms
    assert consonant.start == 100 - 10


def test_a_song_that_starts_with_a_consonant_starts_at_zero():
    timing = lay_out(one_line(Note(0, 480, 60, "か")))
    assert (timing.phones[0].phone, timing.phones[0].start) == ("k", 0)


def test_a_tied_note_prolongs_the_vowel_before_it():
    timing = lay_out(one_line(Note(0, 480, 60, "き"), Note(480, 480, 62, "-")))
    assert [phone.phone for phone in timing.phones] == ["k", "i", "i", PAUSE]


def test_consonants_of_short_notes_shrink_to_leave_room_for_the_vowel():
    assert consonant_frames(("s", "a"), 10) == [4, 6]
    assert consonant_frames(("s", "a"), 100) == [21, 79]
    assert consonant_frames(("s", "a"), 1) == [0, 1]


def test_a_nasal_and_a_closure_share_their_note_with_the_full_mora():
    timing = lay_out(one_line(Note(480, 960, 60, "らっ"), Note(1440, 960, 60, "しゃん")))
    phones = {phone.phone: phone.num_frames for phone in timing.phones}
    assert phones["cl"] == 24  # 0.12 s
    assert phones["N"] == 40  # 0.20 s


def test_short_holes_between_notes_are_sung_through_and_long_ones_are_pauses():
    legato = lay_out(one_line(Note(0, 470, 60, "あ"), Note(480, 480, 60, "い")))
    detached = lay_out(one_line(Note(0, 300, 60, "あ"), Note(480, 480, 60, "い")))
    assert [phone.phone for phone in legato.phones] == ["a", "i", PAUSE]
    assert [phone.phone for phone in detached.phones] == ["a", PAUSE, "i", PAUSE]


def test_devoiced_vowels_closures_and_voiceless_consonants_are_unvoiced():
    assert not any(is_voiced(phone) for phone in ("U", "I", "cl", "s", "pau", "ky"))
    assert all(is_voiced(phone) for phone in ("a", "N", "z", "r", "gy"))


@pytest.mark.parametrize(
    ("notes", "reason"),
    [
        ((), "no notes"),
        ((Note(0, 480, 60, "あ"), Note(240, 480, 62, "い")), "overlap"),
        ((Note(0, 2, 60, "あ"),), "under 5 ms"),
        ((Note(0, 480 * 4000, 60, "あ"),), "at most 900 s"),
    ],
)
def test_scores_that_cannot_be_sung_say_why(notes, reason):
    with pytest.raises(ScoreError, match=reason):
        lay_out(one_line(*notes))
