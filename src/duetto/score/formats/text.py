"""Text of score files: encodings that declare nothing, and words for counts."""

import re
from pathlib import Path

from duetto.score.formats.limits import MAX_TEXT, fault

KANA = re.compile(r"[ぁ-ヿ]")


def counted(count: int, noun: str) -> str:
    """A number with its noun: "1 note", "2 notes"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def encoding_of(content: bytes, otherwise: str = "cp1252") -> str:
    """The encoding of text that declares none: UTF-8, Shift_JIS, or else `otherwise`.

    Shift_JIS is believed when the text holds kana: Western bytes may pass for Chinese characters in it.
    """
    for encoding in ("utf-8", "cp932"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or KANA.search(text):
            return encoding
    return otherwise


def decode_text(content: bytes, otherwise: str = "cp1252") -> str:
    """Text in UTF-8 or UTF-16 with a mark, or in what `encoding_of` finds; never fails."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    return content.decode(encoding_of(content, otherwise), "replace")


def plain(text: str, path: Path) -> str:
    """A lyric or name with single blanks, without control characters.

    Raises:
        ScoreError: If it is longer than any lyric or name.
    """
    if len(text) > MAX_TEXT:
        raise fault(path, f"has a text of {len(text)} characters where at most {MAX_TEXT} are read")
    kept = "".join(letter if _is_text(letter) else " " for letter in text)
    return " ".join(kept.split())


def _is_text(letter: str) -> bool:
    return letter.isprintable() or letter == "\u3000" or "\ue000" <= letter <= "\uf8ff"
