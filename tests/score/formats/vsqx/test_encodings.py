import pytest

from duetto.errors import ScoreError
from tests.score.formats.vsqx.documents import VSQ3


@pytest.mark.parametrize("prefix", [b"\xef\xbb\xbf", b"\r\n\n", b"\xef\xbb\xbf\n"])
def test_byte_order_marks_and_blank_lines_are_tolerated(read, prefix):
    assert read(prefix + VSQ3.encode("utf-8"))[0].name == "Lead"


def test_utf_16_is_tolerated(read):
    assert read(VSQ3.replace("UTF-8", "UTF-16").encode("utf-16"))[0].notes[0].lyric == "ら"


@pytest.mark.parametrize(
    "encoding", ["Shift_JIS", "cp932", "Windows-31J", "EUC-JP", "ISO-2022-JP", "GB18030", "GBK", "Big5"]
)
def test_encodings_of_east_asian_editors_are_read(read, encoding):
    codec = "cp932" if encoding == "Windows-31J" else encoding
    text = VSQ3.replace("UTF-8", encoding)
    assert read(text.encode(codec))[0].notes[0].lyric == "ら"


@pytest.mark.parametrize("codec", ["utf-16", "utf-8-sig"])
@pytest.mark.parametrize("declared", ["UTF-8", "Shift_JIS", "UTF-16"])
def test_a_byte_order_mark_outweighs_the_declaration(read, codec, declared):
    assert read(VSQ3.replace("UTF-8", declared).encode(codec))[0].notes[0].lyric == "ら"


def test_a_file_that_is_not_in_its_encoding_says_so(read):
    with pytest.raises(ScoreError, match="says that its encoding is Shift_JIS"):
        read(VSQ3.replace("UTF-8", "Shift_JIS").encode() + b"\x81")
