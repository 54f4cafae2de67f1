"""Syllables below notes, as VOCALOID writes them: `hel-` `lo` for a word on two notes, `-` for a vowel that goes on."""

from xml.etree.ElementTree import Element

from duetto.score.formats.text import plain
from duetto.score.formats.xml import Fields

OPEN = ("begin", "middle")


def read_lyric(note: Element, fields: Fields) -> str | None:
    """The syllable of the first verse; `-` for an extender alone, None when nothing is written.

    Raises:
        ScoreError: If it is longer than any lyric.
    """
    verses = note.findall("lyric")
    if not verses:
        return None
    lyric = min(verses, key=lambda verse: (verse.get("number") or "1") != "1")
    if lyric.find("text") is None:
        return "-" if lyric.find("extend") is not None else None
    text = plain("".join(element.text or "" for element in lyric.findall("text")), fields.path)
    return f"{text}-" if lyric.findtext("syllabic") in OPEN and text and not text.endswith("-") else text


def has_more_verses(note: Element) -> bool:
    """Whether there is more than one line of words below a note."""
    return len({verse.get("number") or "1" for verse in note.findall("lyric")}) > 1
