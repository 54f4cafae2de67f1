import re
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duetto.errors import ScoreError
from duetto.score.formats import xml as score_xml
from duetto.score.formats.limits import read_bytes
from duetto.score.formats.vsqx import reader as vsqx
from duetto.score.formats.vsqx.reader import read_vsqx

MASTER = (
    "<masterTrack><resolution>480</resolution><preMeasure>1</preMeasure>"
    "<timeSig><m>0</m><nu>4</nu><de>4</de></timeSig><tempo><t>0</t><v>12000</v></tempo></masterTrack>"
)
NOTE = "<note><t>0</t><dur>480</dur><n>60</n><v>64</v><y>a</y><p>a</p></note>"
CONTROL = '<cc><t>0</t><v id="P">0</v></cc>'
GOOD = f"<vsq4>{MASTER}<vsTrack><name>x</name><vsPart><t>1920</t>{CONTROL}{NOTE}</vsPart></vsTrack></vsq4>"

BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE vsq4 [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
    + GOOD.replace("<y>a</y>", "<y>&c;</y>")
)
OUTSIDE_FILE = '<?xml version="1.0"?><!DOCTYPE vsq4 [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + GOOD.replace(
    "<y>a</y>", "<y>&x;</y>"
)
OUTSIDE_DTD = '<?xml version="1.0"?><!DOCTYPE vsq4 SYSTEM "http://localhost/x.dtd">' + GOOD


@pytest.fixture
def refuse(tmp_path):
    """Write a file, expect a refusal in one sentence that names the file, and return the sentence."""

    def write_and_read(content):
        path = tmp_path / "song.vsqx"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        with pytest.raises(ScoreError) as caught:
            read_vsqx(path)
        message = str(caught.value)
        assert message.startswith(str(path))
        assert message.endswith(".")
        assert "\n" not in message
        return message.removeprefix(str(path))

    return write_and_read


def test_the_file_that_the_others_spoil_is_good(tmp_path):
    (tmp_path / "song.vsqx").write_text(GOOD, encoding="utf-8")
    assert len(read_vsqx(tmp_path / "song.vsqx")[0].notes) == 1


@pytest.mark.parametrize("text", [BILLION_LAUGHS, OUTSIDE_FILE, OUTSIDE_DTD])
def test_entities_and_outside_files_are_not_followed(refuse, text):
    assert "DTD" in refuse(text)


@pytest.mark.parametrize("length", [0, 1, 10, 100, len(GOOD) - 3])
def test_a_truncated_file_is_refused(refuse, length):
    assert "not well-formed" in refuse(GOOD[:length])


@pytest.mark.parametrize(
    "content", [b"\x00" * 100, b"RIFF\xff\xfe\xfd", b'<?xml version="1.0" encoding="klingon"?><a/>']
)
def test_what_is_no_xml_is_refused(refuse, content):
    assert "not well-formed" in refuse(content)


@pytest.mark.parametrize("encoding", ["utf-7", "shift_jis", "idna", "utf-32"])
def test_a_file_in_a_strange_encoding_is_read_or_refused_never_a_crash(tmp_path, encoding):
    path = tmp_path / "song.vsqx"
    path.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>{GOOD}'.encode())
    with suppress(ScoreError):
        read_vsqx(path)


@given(
    st.lists(
        st.tuples(st.integers(0, len(GOOD) - 1), st.sampled_from(list('<>&;/!-09az"=\x00'))), min_size=1, max_size=4
    )
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_read_or_refused_never_a_crash(tmp_path, changes):
    letters = list(GOOD)
    for position, letter in changes:
        letters[position] = letter
    path = tmp_path / "song.vsqx"
    path.write_text("".join(letters), encoding="utf-8")
    with suppress(ScoreError):
        read_vsqx(path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("vsq4>", "midi>", "<vsq3> or <vsq4>"),
        ("masterTrack>", "other>", "no <masterTrack>"),
        (NOTE, "", "no vocal track with notes"),
        ("<resolution>480", "<resolution>960", "480 is expected"),
        ("<dur>480", "<dur>-480", "<dur> -480"),
        ("<dur>480</dur>", "", "without <dur>"),
        ("<n>60", "<n>128", "<n> 128"),
        ("<n>60", "<n>-1", "<n> -1"),
        ("<n>60", "<n>C4", "'C4'"),
        ("<n>60", "<n>6.5", "'6.5'"),
        ("<n>60", "<n>٦٠", "whole number"),
        ("<n>60", "<n>" + "9" * 5000, "whole number"),
        ("<v>12000", "<v>0", "<v> 0"),
        ("<v>12000", "<v>999999999", "<v> 999999999"),
        ("<v>12000", "<v>nan", "'nan'"),
        ("<de>4", "<de>0", "<de> 0"),
        ("<de>4", "<de>3", "power of two"),
        ("<nu>4", "<nu>0", "<nu> 0"),
        ("<preMeasure>1", "<preMeasure>99999999", "<preMeasure>"),
        ("<t>1920", "<t>99999999999", "<t> 99999999999"),
        ('"P">0', '"P">', "whole number"),
        ("<y>a", "<y>" + "a" * 3000, "3000 characters"),
    ],
)
def test_absurd_content_is_refused_by_name(refuse, old, new, told):
    assert old in GOOD
    assert told in refuse(GOOD.replace(old, new))


def test_more_notes_than_a_song_can_have_are_refused(refuse, monkeypatch):
    monkeypatch.setattr(vsqx, "MAX_NOTES", 10)
    assert "more than 10 notes" in refuse(GOOD.replace(NOTE, NOTE * 11))


def test_millions_of_elements_are_refused_before_they_fill_the_memory(refuse, monkeypatch):
    monkeypatch.setattr(score_xml, "MAX_ELEMENTS", 1000)
    assert "more than 1000 elements" in refuse(GOOD.replace(NOTE, "<a/>" * 1000))


def test_deep_nesting_is_refused(refuse):
    assert "nested deeper" in refuse("<a>" * 100_000)


def test_a_gigantic_attribute_is_refused(refuse):
    assert "an attribute of more than 2000 characters" in refuse(GOOD.replace('id="P"', f'id="{"P" * 3_000_000}"'))


def test_a_file_over_the_size_limit_is_refused_unread(refuse, monkeypatch):
    monkeypatch.setattr(vsqx, "read_bytes", partial(read_bytes, limit=100))
    assert "at most 100 are read" in refuse(GOOD)


def test_a_file_of_64_mib_and_one_byte_is_refused(tmp_path):
    path = tmp_path / "song.vsqx"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)  # sparse
    with pytest.raises(ScoreError, match="67108865 bytes"):
        read_vsqx(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.vsqx", tmp_path):
        with pytest.raises(ScoreError, match=re.escape(f"{path} cannot be opened")):
            read_vsqx(path)
