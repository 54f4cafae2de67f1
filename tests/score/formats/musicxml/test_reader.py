"""MusicXML as MuseScore, Sibelius and Finale write it."""

import io
import zipfile

import pytest

from duetto.errors import ScoreError
from duetto.score.formats import xml as score_xml
from duetto.score.formats.musicxml import container
from duetto.score.formats.musicxml import reader as musicxml
from duetto.score.formats.musicxml.reader import read_musicxml
from duetto.score.score import Tempo, TimeSignature

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 '
    'Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)


def note(step, duration, *lyrics, octave=4, voice=1, extra="", alter=""):
    alteration = f"<alter>{alter}</alter>" if alter else ""
    pitch = f"<pitch><step>{step}</step>{alteration}<octave>{octave}</octave></pitch>"
    return f"<note>{pitch}<duration>{duration}</duration>{extra}<voice>{voice}</voice>{''.join(lyrics)}</note>"


def rest(duration, voice=1):
    return f"<note><rest/><duration>{duration}</duration><voice>{voice}</voice></note>"


def word(text, syllabic="single", extend="", number=1):
    return f'<lyric number="{number}"><syllabic>{syllabic}</syllabic><text>{text}</text>{extend}</lyric>'


def bar(content, number=1, more=""):
    return f'<measure number="{number}"{more}>{content}</measure>'


def attributes(divisions=2, beats=4, beat_type=4, more=""):
    return (
        f"<attributes><divisions>{divisions}</divisions><key><fifths>0</fifths></key>"
        f"<time><beats>{beats}</beats><beat-type>{beat_type}</beat-type></time>{more}</attributes>"
    )


def score(*parts):
    listed = "".join(
        f'<score-part id="P{index}"><part-name>{name}</part-name></score-part>'
        for index, (name, *_) in enumerate(parts)
    )
    bodies = "".join(f'<part id="P{index}">{"".join(bars)}</part>' for index, (_, *bars) in enumerate(parts))
    return f'{HEAD}<score-partwise version="4.0"><part-list>{listed}</part-list>{bodies}</score-partwise>'


TIE_START, TIE_STOP = '<tie type="start"/>', '<tie type="stop"/>'

# A pickup of a quarter, a hyphened word, a melisma, a tie over the barline, a triplet, a tempo change within a bar.
MUSESCORE = score(
    (
        "Voice",
        bar(
            attributes()
            + '<direction placement="above"><direction-type><metronome parentheses="no"><beat-unit>quarter</beat-unit>'
            '<per-minute>96</per-minute></metronome></direction-type><sound tempo="96"/></direction>'
            + note("G", 2, word("O")),
            0,
            ' implicit="yes"',
        ),
        bar(
            note("C", 2, word("glo", "begin"), octave=5)
            + note("D", 2, octave=5)
            + note("E", 4, word("ria", "end"), octave=5, extra=TIE_START)
        ),
        bar(
            note("E", 2, octave=5, extra=TIE_STOP)
            + "<direction><direction-type><words>rit.</words></direction-type><offset>1</offset>"
            '<sound tempo="60"/></direction>'
            + rest(2)
            + note("F", 4, word("ah", "single", '<extend type="start"/>'), alter=1),
            2,
        ),
        bar(note("G", 8, '<lyric number="1"><extend type="stop"/></lyric>'), 3),
    ),
    ("Piano", bar(attributes() + note("C", 2), 0), bar(note("C", 8)), bar(note("C", 8), 2), bar(note("C", 8), 3)),
)


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, name="song.musicxml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_musicxml(path)

    return write_and_read


def told(line):
    return [(n.tick, n.duration, n.midi, n.lyric) for n in line.notes]


def test_a_song_of_musescore_is_read(read):
    (voice,) = read(MUSESCORE)
    assert voice.name == "Voice"
    assert told(voice) == [
        (0, 480, 67, "O"),
        (480, 480, 72, "glo-"),
        (960, 480, 74, "-"),
        (1440, 960 + 480, 76, "ria"),
        (3360, 960, 66, "ah"),
        (4320, 1920, 67, "-"),
    ]
    assert voice.time_signatures == (TimeSignature(0, 1, 4), TimeSignature(1, 4, 4))
    assert voice.tempos == (Tempo(0, 96.0), Tempo(3120, 60.0))
    assert voice.ignored == ("1 voice without words",)


def test_triplets_and_other_divisions_fall_on_their_ticks(read):
    (line,) = read(score(("V", bar(attributes(3) + "".join(note("C", 1, word("a")) for _ in range(12))))))
    assert [n.tick for n in line.notes] == [160 * index for index in range(12)]


def test_voices_with_words_are_lines_of_their_own(read):
    """A closed score: soprano and alto on one staff, both with words."""
    bars = bar(
        attributes(1)
        + note("E", 2, word("so"))
        + note("F", 2, word("pran"))
        + "<backup><duration>4</duration></backup>"
        + "<forward><duration>1</duration></forward>"
        + note("C", 3, word("al"), voice=2)
    )
    first, second = read(score(("Choir", bars)))
    assert (first.name, told(first)) == ("Choir", [(0, 960, 64, "so"), (960, 960, 65, "pran")])
    assert (second.name, told(second)) == ("Choir (voice 2)", [(480, 1440, 60, "al")])


def test_of_chords_the_highest_note_is_sung_and_grace_notes_are_told(read):
    content = (
        attributes(1)
        + '<note><grace slash="yes"/><pitch><step>B</step><octave>4</octave></pitch><voice>1</voice></note>'
        + note("C", 2, word("la"))
        + note("E", 2, extra="").replace("<note>", "<note><chord/>")
        + note("D", 2, word("li"))
    )
    (line,) = read(score(("V", bar(content))))
    assert told(line) == [(0, 960, 64, "la"), (960, 960, 62, "li")]
    assert line.ignored[1:] == ("grace notes (1 time)", "lower notes of chords (1 time)")


def test_the_first_verse_is_sung_and_others_are_told(read):
    (line,) = read(score(("V", bar(attributes(1) + note("C", 4, word("zwei", number=2), word("eins"))))))
    assert told(line) == [(0, 1920, 60, "eins")]
    assert "syllables of further verses (1 time)" in line.ignored


def test_words_joined_by_an_elision_are_one_syllable(read):
    lyric = "<lyric><syllabic>single</syllabic><text>か</text><elision>‿</elision><text>あ</text></lyric>"
    assert read(score(("V", bar(attributes(1) + note("C", 4, lyric)))))[0].notes[0].lyric == "かあ"


def test_a_transposing_part_is_read_as_it_sounds(read):
    transpose = (
        "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic><octave-change>-1</octave-change></transpose>"
    )
    assert read(score(("V", bar(attributes(1, more=transpose) + note("D", 4, word("a"))))))[0].notes[0].midi == 48


def test_a_metronome_mark_counts_where_no_sound_says_the_tempo(read):
    """Sibelius: dotted quarter = 60 is 90 quarters."""
    mark = (
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>"
        "<per-minute>60</per-minute></metronome></direction-type></direction>"
    )
    assert read(score(("V", bar(attributes(1) + mark + note("C", 4, word("a"))))))[0].tempos == (Tempo(0, 90.0),)


def test_a_metronome_mark_in_words_is_told(read):
    mark = (
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>ca. 60</per-minute>"
        "</metronome></direction-type></direction>"
    )
    (line,) = read(score(("V", bar(attributes(1) + mark + note("C", 4, word("a"))))))
    assert line.tempos == (Tempo(0, 120.0),)
    assert "metronome marks in words (1 time)" in line.ignored


def test_repeats_are_told(read):
    barline = '<barline location="right"><repeat direction="backward"/></barline>'
    (line,) = read(score(("V", bar(attributes(1) + note("C", 4, word("a")) + barline))))
    assert "repeat signs, sung once (1 time)" in line.ignored


def test_a_score_without_words_is_read_line_by_line(read):
    lines = read(score(("A", bar(attributes(1) + note("C", 4))), ("B", bar(attributes(1) + note("E", 4)))))
    assert [told(line) for line in lines] == [[(0, 1920, 60, "")], [(0, 1920, 64, "")]]


def packed(*entries, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


POINTER = '<container><rootfiles><rootfile full-path="scores/a.xml"/></rootfiles></container>'


@pytest.mark.parametrize(
    "entries",
    [
        [("META-INF/container.xml", POINTER), ("scores/other.xml", "<a/>"), ("scores/a.xml", MUSESCORE)],
        [("score.xml", MUSESCORE)],
        [("META-INF/container.xml", POINTER), ("b.musicxml", MUSESCORE)],
    ],
)
def test_compressed_files_are_unpacked(read, entries):
    assert read(packed(*entries), "song.mxl") == read(MUSESCORE)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (packed(("readme.txt", "x")), "holds no score"),
        (packed(("a.xml", MUSESCORE))[:200], "damaged .mxl"),
        (packed(("a.xml", MUSESCORE)).replace(b"PK\x01\x02", b"PK\x01\x03"), "damaged .mxl"),
        (packed(*[(f"{index}.xml", "") for index in range(1001)]), "1001 files"),
    ],
)
def test_a_damaged_archive_is_one_sentence(read, content, said):
    with pytest.raises(ScoreError, match=r"song\.mxl .*\.$") as caught:
        read(content, "song.mxl")
    assert said in str(caught.value)


def test_an_archive_that_unpacks_without_end_is_refused(read, monkeypatch):
    monkeypatch.setattr(container, "MAX_FILE_BYTES", 10_000)
    with pytest.raises(ScoreError, match="unpacks to more than 10000 bytes"):
        read(packed(("a.xml", "<a>" + " " * 1_000_000)), "song.mxl")


BOMB = '<!DOCTYPE score-partwise [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE score-partwise [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
DEFAULTS = f'<!DOCTYPE score-partwise [<!ATTLIST note a CDATA "{"a" * 1000}">]>'
GOOD = score(("V", bar(attributes(1) + note("C", 4, word("a")))))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (HEAD, BOMB, "entity"),
        (HEAD, OUTSIDE, "entity"),
        (HEAD, DEFAULTS, "declares a DTD"),
        ("<text>a", "<text>&unknown;", "not well-formed"),
        ("score-partwise", "score-timewise", "save it as partwise"),
        ("score-partwise", "html", "it is no MusicXML"),
        ("<step>C", "<step>H", "<step> 'H'"),
        ("<octave>4", "<octave>10", "<octave> 10"),
        ("<octave>4", "<octave>-1", None),
        ("<duration>4", "<duration>-4", "<duration>"),
        ("<duration>4", "<duration>1e9", "<duration> '1e9'"),
        ("<duration>4", "<duration>99999999999", "<duration>"),
        ("<duration>4", "<duration>" + "9" * 5000, "<duration>"),
        ("<divisions>1", "<divisions>0", "<divisions> 0"),
        ("<divisions>1", "<divisions>-1", "<divisions>"),
        ("<beats>4", "<beats>0", "from 1 to 255"),
        ("<beats>4", "<beats>2+x", "'x'"),
        ("<beat-type>4", "<beat-type>3", "metre 4/3"),
        ("<text>a", "<text>" + "a" * 3000, "3000 characters"),
        ("<note>", '<sound tempo="0"/><note>', "tempo of 0"),
        ("<note>", '<sound tempo="fast"/><note>', "<tempo> 'fast'"),
        ("<pitch>", "<rest/><!-- ", "not well-formed"),
        ("<step>C</step>", "<step>C</step><alter>x</alter>", "<alter> 'x'"),
    ],
)
def test_absurd_content_is_refused_by_name(read, old, new, said):
    assert old in GOOD
    if said is None:
        assert read(GOOD.replace(old, new))[0].notes[0].midi == 0
        return
    with pytest.raises(ScoreError, match=r"(?s)song\.musicxml .*\.$") as caught:
        read(GOOD.replace(old, new))
    assert said in str(caught.value)


def test_rests_alone_cannot_be_sung(read):
    with pytest.raises(ScoreError, match="no notes"):
        read(score(("V", bar(attributes(1) + rest(4)))))


def test_sizes_are_limited(read, monkeypatch):
    monkeypatch.setattr(musicxml, "MAX_NOTES", 0)
    with pytest.raises(ScoreError, match="more than 0 notes"):
        read(GOOD)
    monkeypatch.undo()
    monkeypatch.setattr(musicxml, "MAX_MEASURES", 0)
    with pytest.raises(ScoreError, match="more than 0 bars"):
        read(GOOD)
    monkeypatch.setattr(score_xml, "MAX_ELEMENTS", 10)
    with pytest.raises(ScoreError, match="more than 10 elements"):
        read(GOOD)
