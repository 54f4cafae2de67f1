"""Syllables of a MIDI file: their text without signs of layout, and the notes that they belong to."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from duetto.score.score import TICKS_PER_QUARTER

NEAR_TICKS = TICKS_PER_QUARTER // 8  # a syllable this close to a note's start begins with it
REACH_TICKS = TICKS_PER_QUARTER // 2  # a syllable further from any start belongs to the note before it
LAYOUT = "/\\\r\n\t "  # line and paragraph signs of karaoke text
XF_LAYOUT = "/<>\r\n\t "  # line, page and indentation signs of XF
READING = re.compile(r"[^\[\]]*\[([^\[\]]*[ぁ-ヿ][^\[\]]*)\]")  # XF: reading of kanji
TAG = re.compile(r"\{[@#][^{}]*\}")


def syllable_text(text: str, is_xf: bool) -> str:
    """The sung text of a lyric event: without line signs and language tags; in XF, kanji by their readings."""
    text = TAG.sub("", text)
    return READING.sub(r"\1", text).strip(XF_LAYOUT).replace("^", " ").strip() if is_xf else text.strip(LAYOUT)


def fit_share(words: Sequence[tuple[int, str]], starts: Sequence[int]) -> float:
    """Share of the syllables that begin with a note, 0..1."""
    near = sum(bisect_right(starts, tick + NEAR_TICKS) > bisect_left(starts, tick - NEAR_TICKS) for tick, _ in words)
    return near / len(words) if words else 0.0


def placed(words: Sequence[tuple[int, str]], starts: Sequence[int]) -> tuple[dict[int, str], int]:
    """Text of each note by its place, and how many syllables come before any note.

    Args:
        words: (tick, text) in time order.
        starts: Ticks of the notes, in time order.
    """
    lyrics: dict[int, str] = {}
    lost = 0
    for tick, text in words:
        index = bisect_right(starts, tick) - 1
        following = starts[index + 1] - tick if index + 1 < len(starts) else REACH_TICKS + 1
        since = tick - starts[index] if index >= 0 else REACH_TICKS + 1
        if following < since and following <= REACH_TICKS:
            index += 1
        if index < 0:
            lost += 1
            continue
        lyrics[index] = lyrics.get(index, "") + text
    return lyrics, lost
