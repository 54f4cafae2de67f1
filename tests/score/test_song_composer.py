from collections import Counter
from itertools import combinations, pairwise
from pathlib import Path

import pytest

import duetto.corpus.embedded_cases
from duetto.errors import ScoreError
from duetto.score.compose import SongStyle, compose, compose_set, sample_songs, song_grams, write_sample_songs
from duetto.score.formats.vsqx.reader import read_vsqx
from duetto.score.kana import count_guessed, note_moras
from duetto.score.melody import plan_phrases
from duetto.score.mora import INVENTORY
from duetto.score.tempo import TempoMap

SONGS = Path(duetto.corpus.embedded_cases.__file__).parent / "songs"
STYLE = SongStyle(41, 53, 96, 16)


@pytest.fixture(scope="module")
def songs():
    return sample_songs()


def note_seconds(score):
    tempo_map = TempoMap(score.tempos)
    return [tempo_map.seconds(note.tick + note.duration) - tempo_map.seconds(note.tick) for note in score.notes]


def song_seconds(score):
    return TempoMap(score.tempos).seconds(score.notes[-1].tick + score.notes[-1].duration)


def test_the_committed_songs_are_what_the_composer_writes(tmp_path):
    written = write_sample_songs(tmp_path)
    assert sorted(path.name for path in written) == sorted(path.name for path in SONGS.glob("*.vsqx"))
    for path in written:
        assert path.read_bytes() == (SONGS / path.name).read_bytes(), path.name


def test_the_committed_songs_read_back_as_composed(songs):
    for score in songs:
        assert read_vsqx(SONGS / f"{score.name}.vsqx") == (score,)


def test_the_committed_songs_are_small():
    sizes = [path.stat().st_size for path in SONGS.glob("*.vsqx")]
    assert len(sizes) == 17
    assert max(sizes) < 120_000
    assert sum(sizes) < 1_600_000


def test_fast_songs_are_fast_and_hold_no_long_note(songs):
    fast = [score for score in songs if score.name.startswith("fast")]
    assert len(fast) == 14
    for score in fast:
        assert 170 <= score.tempos[0].bpm <= 200
        assert max(note_seconds(score)) <= 0.4
        assert 30 <= song_seconds(score) <= 34
        assert Counter(note.duration for note in score.notes).most_common(1)[0][0] == 240
        assert any(note.duration == 120 for note in score.notes)


def test_slow_songs_hold_notes_of_one_to_four_beats_with_vibrato(songs):
    slow = [score for score in songs if score.name.startswith("slow")]
    assert len(slow) == 3
    for score in slow:
        assert 60 <= score.tempos[0].bpm <= 72
        assert {note.duration for note in score.notes} <= {480, 960, 1440, 1920}
        assert all(note.vibrato for note in score.notes)
        assert 28 <= song_seconds(score) <= 34


def test_sample_songs_stay_in_their_register(songs):
    for score in songs:
        assert min(note.midi for note in score.notes) >= 64
        assert max(note.midi for note in score.notes) <= 80


def test_no_two_songs_share_six_notes(songs):
    for one, other in combinations(songs, 2):
        assert not song_grams([one]) & song_grams([other]), (one.name, other.name)


def test_songs_to_avoid_are_avoided_whatever_the_seed():
    first = compose("first", 7, STYLE)
    again = compose("again", 7, STYLE, song_grams([first]))
    assert song_grams([first])
    assert not song_grams([first]) & song_grams([again])


def test_a_large_set_in_a_narrow_register_shares_nothing_either(songs):
    style = SongStyle(60, 72, 100, 16)
    more = compose_set([(f"song_{seed}", seed, style) for seed in range(40)], song_grams(songs))
    grams = [song_grams([score]) for score in [*songs, *more]]
    assert sum(len(held) for held in grams) == len(frozenset().union(*grams))


def test_a_song_repeats_itself(songs):
    # Two-note turns of a random walk come back too; runs of six come back only when phrases are repeated.
    for score in songs[:14]:
        assert len(song_grams([score])) < len(score.notes) - 5


@pytest.mark.parametrize(
    "style", [STYLE, SongStyle(64, 80, 180, 24), SongStyle(55, 67, 66, 9, ((480, 1), (1920, 1)), 2)]
)
def test_a_breath_of_an_eighth_comes_every_two_to_four_bars(style):
    score = compose("song", 3, style)
    last = score.notes[-1]
    breaths = [
        0,
        *(one.tick + one.duration for one, two in pairwise(score.notes) if two.tick - one.tick - one.duration >= 240),
    ]
    for one, two in pairwise([*breaths, last.tick + last.duration]):
        assert two - one <= 4 * 1920


def test_notes_are_in_order_in_range_and_apart():
    score = compose("song", 5, STYLE)
    assert all(one.tick + one.duration <= two.tick for one, two in pairwise(score.notes))
    assert all(41 <= note.midi <= 53 for note in score.notes)
    assert max(abs(one.midi - two.midi) for one, two in pairwise(score.notes)) <= 9


def test_the_same_seed_gives_the_same_song_and_another_seed_another():
    assert compose("song", 5, STYLE) == compose("song", 5, STYLE)
    assert compose("song", 5, STYLE).notes != compose("song", 6, STYLE).notes


def test_every_lyric_is_understood_and_all_moras_occur(songs):
    moras = [note_moras(score.notes) for score in songs]
    assert sum(count_guessed(groups) for groups in moras) == 0
    counts = Counter(mora.kana for groups in moras for group in groups for mora in group)
    assert set(counts) == set(INVENTORY)
    single = [counts[kana] for kana in INVENTORY if len(kana) == 1 and kana not in "んっ"]
    assert max(single) <= 2 * min(single)


def test_each_fast_song_holds_every_phone_but_perhaps_the_closure(songs):
    phones = {phone for mora in INVENTORY.values() for phone in mora.phones}
    for score in songs[:14]:
        held = {phone for group in note_moras(score.notes) for mora in group for phone in mora.phones}
        assert len(phones - held - {"cl"}) <= 1, score.name


def test_no_song_starts_a_breath_with_a_tie(songs):
    for score in songs:
        assert score.notes[0].lyric != "-"
        for one, two in pairwise(score.notes):
            assert two.lyric != "-" or one.tick + one.duration == two.tick


def test_expression_can_be_switched_off():
    style = SongStyle(60, 72, 100, 8, vibrato_from_ticks=None, bend_semitones=0.0, dynamics_depth=0)
    score = compose("plain", 1, style)
    assert not score.pitch_bend_semitones.points
    assert not score.dynamics.points
    assert not any(note.vibrato for note in score.notes)


@pytest.mark.parametrize(
    ("bars", "phrase", "expected"), [(8, 4, [4, 4]), (9, 4, [4, 3, 2]), (10, 4, [4, 4, 2]), (9, 2, [2, 2, 2, 3])]
)
def test_phrases_fill_the_song(bars, phrase, expected):
    assert plan_phrases(bars, phrase) == expected


@pytest.mark.parametrize(
    "change",
    [{"high_midi": 45}, {"bpm": 0}, {"bars": 1}, {"rhythm": ()}, {"rhythm": ((100, 1.0),)}, {"breath_ticks": 0}],
)
def test_an_impossible_style_is_refused(change):
    with pytest.raises(ScoreError):
        SongStyle(**({"low_midi": 41, "high_midi": 53, "bpm": 96, "bars": 16} | change))
