"""What all score formats share: writing and reading again, being known by content, refusing damage in one sentence."""

from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duetto.errors import ScoreError, StorageError
from duetto.score.formats.registry import FORMATS, SCORE_SUFFIXES, format_of, read_score, write_score
from duetto.score.score import Curve, Note, Score, Tempo, TimeSignature, Vibrato

SUFFIXES = sorted(SCORE_SUFFIXES)
LEAD = Score(
    "Lead",
    (
        Note(480, 480, 60, "か"),
        Note(960, 700, 62, "-"),
        Note(1700, 333, 64, "hel-"),
        Note(2033, 160, 66, "lo"),
        Note(4000, 5000, 71, "ファ"),
    ),
    (Tempo(0, 119.48), Tempo(1000, 90.5), Tempo(6000, 200.0)),
    (TimeSignature(0, 3, 4), TimeSignature(2, 5, 8)),
)
ALTO = replace(LEAD, name="Alt ö", notes=(Note(0, 1920, 48, "はい"), Note(1920, 1, 127, "a")))

lyrics = st.sampled_from(["か", "きゃ", "-", "ん", "la", "hel-", "la--", "--", "-a", "Ça", "漢字", "ー", "&<>", "o'er"])


@st.composite
def songs(draw):
    """Scores of what every format holds."""
    notes, tick = [], 0
    for _ in range(draw(st.integers(1, 8))):
        tick += draw(st.sampled_from([0, 0, 1, 17, 480, 1920, 5000]))
        duration = draw(st.sampled_from([1, 15, 119, 160, 240, 480, 1921, 4000]) | st.integers(1, 3000))
        notes.append(Note(tick, duration, draw(st.integers(0, 127)), draw(lyrics)))
        tick += duration
    starts = sorted({note.tick for note in notes} - {0})
    later = sorted(draw(st.sets(st.sampled_from(starts), max_size=3))) if starts else []
    tempos = [Tempo(t, draw(st.integers(500, 40_000)) / 100) for t in [0, *later]]
    return Score(draw(st.sampled_from(["", "Lead", "歌", "A & B"])), tuple(notes), tuple(tempos))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_notes_lyrics_and_tempo_come_back_from_every_format(suffix, tmp_path):
    path = tmp_path / f"song{suffix}"
    write_score([LEAD], path)
    (score,) = read_score(path)
    assert (score.name, score.notes, score.tempos) == (LEAD.name, LEAD.notes, LEAD.tempos)
    if format_of(path).holds.metre:
        assert score.time_signatures == LEAD.time_signatures
    assert score.ignored == ()


@given(song=songs(), suffix=st.sampled_from(SUFFIXES))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_song_comes_back(song, suffix, tmp_path):
    path = tmp_path / f"song{suffix}"
    write_score([song], path)
    (score,) = read_score(path)
    if song.notes[0].lyric == "-" or suffix == ".ust":  # a "-" of the same pitch at a tempo change is one note in UST
        assert sounds(score) == sounds(song)
    else:
        assert score.notes == song.notes
    assert score.tempos == song.tempos
    assert score.name == song.name


def sounds(score):
    """Notes with those that go on at the same pitch joined."""
    joined = []
    for note in score.notes:
        last = joined[-1] if joined else None
        if last and note.lyric == "-" and note.midi == last.midi and note.tick == last.tick + last.duration:
            joined[-1] = replace(last, duration=last.duration + note.duration)
        else:
            joined.append(note)
    return joined


@pytest.mark.parametrize("suffix", sorted(SCORE_SUFFIXES - {".ust"}))
def test_several_tracks_come_back_in_order(suffix, tmp_path):
    path = tmp_path / f"duet{suffix}"
    write_score([LEAD, ALTO], path)
    lead, alto = read_score(path)
    assert (lead.name, lead.notes) == (LEAD.name, LEAD.notes)
    assert (alto.name, alto.notes) == (ALTO.name, ALTO.notes)
    assert alto.tempos == lead.tempos == LEAD.tempos


def test_a_ust_holds_one_track(tmp_path):
    with pytest.raises(ScoreError, match="one track"):
        write_score([LEAD, ALTO], tmp_path / "duet.ust")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".ust", ".svp"])
def test_pitch_bends_come_back_from_the_formats_that_hold_them(suffix, tmp_path):
    bent = replace(LEAD, pitch_bend_semitones=Curve(((480, 0.5), (500, -1.25), (960, 0.0), (1700, 2.0), (2033, 0.0))))
    assert write_score([bent], tmp_path / f"song{suffix}") == (("metre",) if suffix == ".ust" else ())
    assert read_score(tmp_path / f"song{suffix}")[0].pitch_bend_semitones == bent.pitch_bend_semitones


@pytest.mark.parametrize("suffix", [".svp", ".vsqx"])
def test_a_muted_track_comes_back_muted(suffix, tmp_path):
    write_score([LEAD, replace(ALTO, is_muted=True)], tmp_path / f"duet{suffix}")
    assert [score.is_muted for score in read_score(tmp_path / f"duet{suffix}")] == [False, True]


def test_what_a_format_does_not_hold_is_told(tmp_path):
    rich = replace(
        LEAD,
        notes=(Note(0, 480, 60, "か", "k a", 90, Vibrato(0.5, ((0.0, 30.0),), ((0.0, 5.5),))),),
        dynamics=Curve(((0, 90.0),)),
        pitch_bend_semitones=Curve(((0, 1.0),)),
        is_muted=True,
    )
    assert write_score([rich], tmp_path / "a.vsqx") == ()
    assert write_score([rich], tmp_path / "a.svp") == ("phones of 1 note", "velocity", "vibrato", "dynamics")
    assert write_score([rich], tmp_path / "a.ust") == ("phones of 1 note", "metre", "mute", "dynamics")
    lost = ("phones of 1 note", "velocity", "vibrato", "pitch bend", "mute", "dynamics")
    assert write_score([rich], tmp_path / "a.mid") == lost


@pytest.mark.parametrize(("suffix", "lyric"), [(".ust", "R"), (".ust", "r"), (".ust", "br"), (".svp", "br")])
def test_a_lyric_that_the_format_takes_for_a_rest_is_told(suffix, lyric, tmp_path):
    score = replace(LEAD, notes=(*LEAD.notes, Note(9000, 480, 60, lyric)), time_signatures=(TimeSignature(0, 4, 4),))
    assert write_score([score], tmp_path / f"a{suffix}") == (f"1 note read there as a rest ({lyric})",)
    assert read_score(tmp_path / f"a{suffix}")[0].notes == LEAD.notes


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("tick", [9000, 9100, 9600, 100_000])
def test_a_tempo_change_after_the_last_note_comes_back(suffix, tick, tmp_path):
    late = replace(LEAD, tempos=(*LEAD.tempos, Tempo(tick, 60.0)))
    write_score([late], tmp_path / f"a{suffix}")
    assert read_score(tmp_path / f"a{suffix}")[0].tempos == late.tempos


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_is_known_by_its_content_whatever_its_suffix(suffix, tmp_path):
    write_score([LEAD], tmp_path / f"song{suffix}")
    for other in (".bin", *SUFFIXES):
        path = (tmp_path / f"song{suffix}").replace(tmp_path / f"renamed{other}")
        assert read_score(path)[0].notes == LEAD.notes
        path.replace(tmp_path / f"song{suffix}")


def test_equal_scores_give_equal_files(tmp_path):
    for suffix in SUFFIXES:
        for name in ("a", "b"):
            write_score([LEAD], tmp_path / f"{name}{suffix}")
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_other_files_and_suffixes_are_refused_with_the_known_ones(tmp_path):
    (tmp_path / "song.pdf").write_bytes(b"%PDF-1.7")
    with pytest.raises(ScoreError, match=r"expected one of \.vsqx, \.ust, \.svp, \.musicxml"):
        read_score(tmp_path / "song.pdf")
    with pytest.raises(ScoreError, match="no suffix of a score"):
        write_score([LEAD], tmp_path / "song.pdf")
    with pytest.raises(ScoreError, match="cannot be opened"):
        read_score(tmp_path / "none.mid")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "wrong",
    [
        replace(LEAD, notes=()),
        replace(LEAD, notes=LEAD.notes[::-1]),
        replace(LEAD, tempos=()),
        replace(LEAD, name="a\x01b"),
        replace(LEAD, notes=(Note(0, 480, 128, "a"),)),
        replace(LEAD, notes=(Note(0, 480, 60, "\ud800"),)),
        replace(LEAD, notes=(Note(10**9, 480, 60, "a"),)),
        replace(LEAD, time_signatures=(TimeSignature(0, 4, 5),)),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is_left(suffix, wrong, tmp_path):
    with pytest.raises(ScoreError):
        write_score([wrong], tmp_path / f"song{suffix}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_folder_that_is_a_file_is_said(suffix, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        write_score([LEAD], tmp_path / "file" / f"song{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_truncated_or_damaged_file_is_read_or_refused_never_a_crash(suffix, tmp_path):
    chance = Random(suffix)
    path = tmp_path / f"song{suffix}"
    write_score([LEAD] if suffix == ".ust" else [LEAD, ALTO], path)
    content = path.read_bytes()
    for _ in range(150):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 2, 8))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged[: chance.choice((len(damaged), chance.randrange(len(damaged))))])
        with suppress(ScoreError):
            assert all(score.notes for score in read_score(path))


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.suffixes[0])
@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"\xff\xfe\xfd", b"[]", b"{}", b"<a/>", b"PK\x03\x04"])
def test_what_is_no_score_is_refused_in_one_sentence(form, content, tmp_path):
    path = tmp_path / f"song{form.suffixes[0]}"
    path.write_bytes(content)
    with pytest.raises(ScoreError) as caught:
        form.read(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.endswith(".")
    assert "\n" not in message


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.suffixes[0])
def test_a_file_that_is_too_large_is_refused_unread(form, tmp_path):
    path = tmp_path / f"song{form.suffixes[0]}"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)  # sparse
    with pytest.raises(ScoreError, match="67108865 bytes"):
        form.read(path)
