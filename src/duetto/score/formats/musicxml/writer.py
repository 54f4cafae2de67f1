"""Writing scores as partwise MusicXML 4.0, one part a score.

Notes are divided at barlines, at tempo changes and into printable values, and tied; `read_musicxml` joins them again.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from duetto.score.formats.bars import bar_ticks
from duetto.score.formats.line import check_song
from duetto.score.formats.musicxml.container import write_document
from duetto.score.score import TICKS_PER_QUARTER, Note, Score, TimeSignature

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 '
    'Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
STEPS = "CCDEEFFGAABB"
ALTERATIONS = (0, 1, 0, -1, 0, 0, 1, 0, -1, 0, -1, 0)
TYPES = {1920: "whole", 960: "half", 480: "quarter", 240: "eighth", 120: "16th", 60: "32nd", 30: "64th", 15: "128th"}
DOTTED = {ticks * 3 // 2: name for ticks, name in TYPES.items() if ticks % 2 == 0}
TRIPLET = {ticks * 2 // 3: name for ticks, name in TYPES.items() if ticks <= 960 and ticks % 3 == 0}
Bar = tuple[int, int, TimeSignature | None]  # start, end, metre where it changes
VALUES = tuple(sorted({*TYPES, *DOTTED}, reverse=True))


@dataclass(frozen=True)
class _Piece:
    """A stretch of a note or a rest (None) within one bar and between tempo changes."""

    start: int
    end: int
    note: Note | None
    is_first: bool
    is_last: bool


def write_musicxml(scores: Sequence[Score], path: Path) -> None:
    """Write each score as a part, atomically; compressed if the path ends in .mxl.

    Raises:
        ScoreError: If there is none, one cannot be written, or they differ in tempo or metre.
        StorageError: If the folder cannot be written.
    """
    check_song(scores)
    root = Element("score-partwise", version="4.0")
    listed = SubElement(root, "part-list")
    end = max(score.notes[-1].tick + score.notes[-1].duration for score in scores)
    end = max(end, scores[0].tempos[-1].tick + 1)  # so that the bar of each tempo change is there
    bars = list(_bars(scores[0].time_signatures, end))
    for number, score in enumerate(scores, 1):
        entry = SubElement(listed, "score-part", id=f"P{number}")
        _add(entry, "part-name", score.name)
        part = SubElement(root, "part", id=f"P{number}")
        _add_part(part, score, bars, has_tempo=number == 1)
    indent(root)
    write_document((HEAD + tostring(root, encoding="unicode") + "\n").encode(), path)


def _bars(signatures: Sequence[TimeSignature], end: int) -> Iterator[Bar]:
    """Start, end and, where it changes, metre of each bar."""
    tick, measure, changes, held = 0, 0, {change.measure: change for change in signatures}, signatures[0]
    while tick < end:
        held = changes.get(measure, held)
        yield tick, tick + bar_ticks(held), changes.get(measure)
        tick, measure = tick + bar_ticks(held), measure + 1


def _add_part(part: Element, score: Score, bars: Sequence[Bar], has_tempo: bool) -> None:
    tempos = {tempo.tick: tempo.bpm for tempo in score.tempos}
    cuts = sorted({start for start, _, _ in bars} | set(tempos))
    pieces = list(_pieces(score, cuts, bars[-1][1]))
    place, is_open = 0, False
    for number, (_, end, metre) in enumerate(bars, 1):
        measure = SubElement(part, "measure", number=str(number))
        if number == 1 or metre is not None:
            _add_attributes(measure, metre, is_first=number == 1)
        while place < len(pieces) and pieces[place].start < end:
            piece = pieces[place]
            if has_tempo and piece.start in tempos:
                direction = SubElement(measure, "direction")
                SubElement(SubElement(direction, "direction-type"), "words")
                SubElement(direction, "sound", tempo=f"{tempos[piece.start]:.10g}")
            is_open = _add_piece(measure, piece, is_open)
            place += 1


def _pieces(score: Score, cuts: Sequence[int], end: int) -> Iterator[_Piece]:
    now = 0
    for note in (*score.notes, None):
        begin = note.tick if note is not None else end
        if begin > now:
            yield from _divided(now, begin, None, cuts)
        if note is not None:
            yield from _divided(begin, begin + note.duration, note, cuts)
            now = begin + note.duration


def _divided(start: int, end: int, note: Note | None, cuts: Sequence[int]) -> Iterator[_Piece]:
    """Pieces between cuts, each of a printable length as far as there is one."""
    edges = [start, *cuts[bisect_right(cuts, start) : bisect_left(cuts, end)], end]
    ticks = [start]
    for last in edges[1:]:
        while last - ticks[-1] > 0:
            left = last - ticks[-1]
            value = left if left in TRIPLET else next((value for value in VALUES if value <= left), left)
            ticks.append(ticks[-1] + value)
    for index, (first, last) in enumerate(pairwise(ticks)):
        yield _Piece(first, last, note, index == 0, index == len(ticks) - 2)


def _add_attributes(measure: Element, metre: TimeSignature | None, is_first: bool) -> None:
    attributes = SubElement(measure, "attributes")
    if is_first:
        _add(attributes, "divisions", TICKS_PER_QUARTER)
    if metre is not None:
        time = SubElement(attributes, "time")
        _add(time, "beats", metre.numerator)
        _add(time, "beat-type", metre.denominator)


def _add_piece(measure: Element, piece: _Piece, is_open: bool) -> bool:
    """Add a note or rest; returns whether its word goes on."""
    element, ticks = SubElement(measure, "note"), piece.end - piece.start
    if piece.note is None:
        SubElement(element, "rest")
    else:
        pitch = SubElement(element, "pitch")
        step, alter = STEPS[piece.note.midi % 12], ALTERATIONS[piece.note.midi % 12]
        _add(pitch, "step", step)
        if alter:
            _add(pitch, "alter", alter)
        _add(pitch, "octave", piece.note.midi // 12 - 1)
    _add(element, "duration", ticks)
    ties = [kind for kind, there in (("stop", not piece.is_first), ("start", not piece.is_last)) if there]
    for kind in ties if piece.note is not None else ():
        SubElement(element, "tie", type=kind)
    _add(element, "voice", 1)
    _add_type(element, ticks)
    if piece.note is None:
        return is_open
    if ties:
        notations = SubElement(element, "notations")
        for kind in ties:
            SubElement(notations, "tied", type=kind)
    return _add_lyric(element, piece.note.lyric, is_open) if piece.is_first else is_open


def _add_type(element: Element, ticks: int) -> None:
    name = TYPES.get(ticks) or DOTTED.get(ticks) or TRIPLET.get(ticks)
    if name is None:
        return
    _add(element, "type", name)
    if ticks in DOTTED:
        SubElement(element, "dot")
    elif ticks in TRIPLET:
        modification = SubElement(element, "time-modification")
        _add(modification, "actual-notes", 3)
        _add(modification, "normal-notes", 2)


def _add_lyric(element: Element, lyric: str, is_open: bool) -> bool:
    """Add a syllable; returns whether its word goes on."""
    entry = SubElement(element, "lyric", number="1")
    if lyric == "-":
        SubElement(entry, "extend", type="continue")
        return is_open
    goes_on = len(lyric) > 1 and lyric.endswith("-")
    _add(entry, "syllabic", ("middle" if is_open else "begin") if goes_on else ("end" if is_open else "single"))
    text = lyric.removesuffix("-") if goes_on else lyric
    _add(entry, "text", lyric if text.endswith("-") else text)  # the reader adds no hyphen to one that is written
    return goes_on


def _add(parent: Element, tag: str, value: str | int) -> None:
    SubElement(parent, tag).text = str(value)
