"""Compressed, damaged and hostile files."""

import io
import zipfile

import pytest

from duetto.errors import ScoreError
from duetto.score.formats import xml as score_xml
from duetto.score.formats.musicxml import container
from duetto.score.formats.musicxml import reader as musicxml
from tests.score.formats.musicxml.documents import HEAD, MUSESCORE, attributes, bar, note, rest, score, word


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
