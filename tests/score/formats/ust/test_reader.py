"""UST as UTAU and OpenUtau write it."""

import pytest

from duetto.errors import ScoreError
from duetto.score.formats.ust import reader as ust
from duetto.score.formats.ust.reader import read_ust
from duetto.score.score import Tempo, Vibrato

# UTAU 0.4 in Shift_JIS, with Windows line ends, VCV lyrics, a tempo change on a rest and drawn pitch.
UTAU = """[#VERSION]
UST Version1.2
[#SETTING]
Tempo=125.00
Tracks=1
ProjectName=さくら
VoiceDir=%VOICE%uta
OutFile=
CacheDir=sakura.cache
Tool1=wavtool.exe
Tool2=resampler.exe
Mode2=True
[#0000]
Length=480
Lyric=R
NoteNum=60
PreUtterance=
[#0001]
Length=480
Lyric=- さ
NoteNum=69
PreUtterance=
Velocity=120
PBS=-40;0
PBW=80
VBR=65,180,35,20,20,0,0,0
[#0002]
Length=240
Lyric=a く
NoteNum=69
Intensity=80
Flags=g-3B0
[#0003]
Length=240
Lyric=
NoteNum=69
Tempo=90,5
[#0004]
Length=960
Lyric=らF4
NoteNum=71
[#0005]
Length=120
Lyric=a R
NoteNum=71
[#0006]
Length=120
Lyric=息
NoteNum=60
[#TRACKEND]
""".replace("\n", "\r\n")

OPENUTAU = """[#VERSION]
UST Version 2.0
Charset=UTF-8
[#SETTING]
Tempo=120
Tracks=1
Project=song.ustx
Mode2=True
[#0000]
Length=480
Lyric=hello
NoteNum=60
PreUtterance=
Velocity=100
Intensity=100
Modulation=0
StartPoint=
Flags=
PBS=-40;0
PBW=80
PBY=0
PBM=
VBR=
[#0001]
Length=480
Lyric=+
NoteNum=62
[#TRACKEND]
"""


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, encoding="utf-8"):
        path = tmp_path / "song.ust"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        (score,) = read_ust(path)
        return score

    return write_and_read


def test_a_shift_jis_file_of_utau_is_read(read):
    score = read(UTAU, "cp932")
    assert score.name == "さくら"
    assert score.tempos == (Tempo(0, 125.0), Tempo(1200, 90.5))
    assert [(n.tick, n.duration, n.midi, n.lyric) for n in score.notes] == [
        (480, 480, 69, "さ"),
        (960, 240, 69, "く"),
        (1440, 960, 71, "ら"),
    ]
    assert score.notes[0].velocity == 77
    assert score.notes[0].vibrato == Vibrato(0.65, ((0.0, 35.0),), ((0.0, 1000 / 180),))
    assert score.ignored == (
        "breath left as a rest (on 1 note)",
        "drawn transition PBS (on 1 note)",
        "flags (on 1 note)",
        "intensity (on 1 note)",
    )


def test_openutau_continues_a_vowel_with_a_plus(read):
    score = read(OPENUTAU)
    assert [(n.tick, n.lyric, n.velocity, n.vibrato) for n in score.notes] == [
        (0, "hello", 64, None),
        (480, "-", 64, None),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_kana_is_read_in_any_encoding_that_declares_nothing(read, encoding):
    assert read(UTAU, encoding).notes[0].lyric == "さ"


@pytest.mark.parametrize(("declared", "encoding"), [("UTF-8", "utf-8"), ("Shift_JIS", "cp932"), ("GBK", "gbk")])
def test_a_declared_encoding_counts(read, declared, encoding):
    text = OPENUTAU.replace("Charset=UTF-8", f"Charset={declared}").replace("hello", "中")
    assert read(text, encoding).notes[0].lyric == "中"


def test_an_encoding_that_it_is_not_is_said(read):
    with pytest.raises(ScoreError, match="says that its encoding is utf-8"):
        read(UTAU.replace("UST Version1.2", "UST Version1.2\r\nCharset=UTF-8"), "cp932")


@pytest.mark.parametrize(
    ("written", "sung"),
    [
        ("?か", "か"),
        ("a か", "か"),
        ("- か", "か"),
        ("かC4", "か"),
        ("か_C#5", "か"),
        ("n きゃ", "きゃ"),
        ("-", "-"),
        ("+~", "-"),
        ("a", "a"),
        ("ka", "ka"),
        ("sil", "sil"),
    ],
)
def test_signs_that_choose_a_recording_are_taken_off(read, written, sung):
    assert read(OPENUTAU.replace("Lyric=hello", f"Lyric={written}")).notes[0].lyric == sung


def test_sections_of_plugins_around_the_notes_are_no_notes(read):
    around = OPENUTAU.replace("[#0000]", "[#PREV]\nLength=480\nLyric=x\nNoteNum=50\n[#0000]")
    around = around.replace("[#TRACKEND]", "[#NEXT]\nLength=480\nLyric=y\nNoteNum=50\n")
    assert [note.lyric for note in read(around).notes] == ["hello", "-"]


def test_bends_of_the_first_kind_are_cents_every_five_ticks(read):
    bent = OPENUTAU.replace("PBS=-40;0", "PBType=5\nPBStart=0\nPiches=0,50,50,,-20")
    assert read(bent).pitch_bend_semitones.points == ((5, 0.5), (15, 0.0), (20, -0.2), (480, 0.0))


def test_a_missing_tempo_is_assumed_and_said(read):
    score = read(OPENUTAU.replace("Tempo=120\n", ""))
    assert score.tempos == (Tempo(0, 120.0),)
    assert "no tempo at the start: 120 BPM assumed" in score.ignored


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("NoteNum=60", "NoteNum=128", "NoteNum=128"),
        ("NoteNum=60", "NoteNum=", "NoteNum=''"),
        ("NoteNum=60", "NoteNum=C4", "NoteNum='C4'"),
        ("NoteNum=60", "NoteNum=" + "9" * 5000, "NoteNum"),
        ("Length=480", "Length=-1", "Length=-1"),
        ("Length=480", "Length=nan", "Length='nan'"),
        ("Length=480", "Length=1e300", "Length"),
        ("Length=480", "Length=19000000", "outside any song"),
        ("Tempo=120", "Tempo=0", "tempo of 0"),
        ("Tempo=120", "Tempo=500k", "Tempo='500k'"),
        ("Lyric=hello", "Lyric=" + "a" * 3000, "3000 characters"),
        ("VBR=", "VBR=a,b,c", "VBR"),
        ("[#", "[", "no section"),
        ("Lyric=hello\nNoteNum=60", "Lyric=R\nNoteNum=60", None),
    ],
)
def test_absurd_content_is_refused_by_name(read, old, new, told):
    assert old in OPENUTAU
    text = OPENUTAU.replace(old, new)
    if told is None:
        assert [note.lyric for note in read(text).notes] == ["-"]
        return
    with pytest.raises(ScoreError, match=r"song\.ust .*\.$") as caught:
        read(text)
    assert told in str(caught.value)


@pytest.mark.parametrize("lyric", ["R", "r", "SP", "AP", "息", "br", ""])
def test_rests_and_breaths_are_no_notes(read, lyric):
    assert [note.tick for note in read(OPENUTAU.replace("Lyric=hello", f"Lyric={lyric}")).notes] == [480]


def test_rests_alone_cannot_be_sung(read):
    with pytest.raises(ScoreError, match="no notes"):
        read(OPENUTAU.replace("Lyric=hello", "Lyric=R").replace("Lyric=+", "Lyric=r"))


def test_more_notes_than_a_song_can_have_are_refused(read, monkeypatch):
    monkeypatch.setattr(ust, "MAX_NOTES", 3)
    with pytest.raises(ScoreError, match="more than 3 sections"):
        read(OPENUTAU)
