"""Reading MusicXML (.musicxml, .xml, .mxl), partwise, of any version.

Each voice of a part that has words is a line. A note without a syllable goes on with the vowel before it. A first bar
that is not full (a pickup), or any other bar of another length, becomes a bar of a metre of its own.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from duetto.score.formats.limits import MAX_MEASURES, MAX_NOTES, tick_within
from duetto.score.formats.line import DENOMINATORS, clock, metre, one_line
from duetto.score.formats.musicxml.container import read_document
from duetto.score.formats.musicxml.measures import Measure, Sung, read_measures
from duetto.score.formats.text import counted
from duetto.score.formats.xml import Fields
from duetto.score.score import TICKS_PER_QUARTER, Note, Score, TimeSignature

PARTWISE, TIMEWISE = "score-partwise", "score-timewise"


def read_musicxml(path: Path) -> tuple[Score, ...]:
    """The lines that have words; all lines where none has.

    Args:
        path: A file of at most 64 MiB, also unpacked.

    Raises:
        ScoreError: If it cannot be opened, is damaged, hostile or no partwise MusicXML, has no notes, or holds a number
            that no song needs.
    """
    root, fields = read_document(path), Fields(path)
    if root.tag != PARTWISE:
        hint = "save it as partwise" if root.tag == TIMEWISE else "it is no MusicXML"
        raise fields.fail(f"starts with <{root.tag[:40]}> where <{PARTWISE}> is expected; {hint}")
    if sum(1 for _ in root.iter("note")) > MAX_NOTES:
        raise fields.fail(f"has more than {MAX_NOTES} notes, which no song needs")
    told: Counter[str] = Counter()
    names = {part.get("id", ""): fields.text(part, "part-name") for part in root.findall("part-list/score-part")}
    elements = root.findall("part")
    parts = [(names.get(part.get("id", ""), ""), read_measures(part, fields, told)) for part in elements]
    if max((len(measures) for _, measures in parts), default=0) > MAX_MEASURES:
        raise fields.fail(f"has more than {MAX_MEASURES} bars, which no song needs")
    shared: list[str] = []
    starts, signatures = _bars([measures for _, measures in parts])
    changes = (
        (as_tick(starts[index] + place), bpm)
        for _, measures in parts
        for index, measure in enumerate(measures)
        for place, bpm in measure.tempos
    )
    tempos = clock(sorted(changes, key=lambda change: change[0]), path, shared)
    shared.extend(f"{what} ({counted(count, 'time')})" for what, count in sorted(told.items()) if count)
    lines = [line for name, measures in parts for line in _lines(name, measures, starts)]
    sung = [line for line in lines if any(note.lyric not in ("", "-") for note in line[1])] or lines
    if len(sung) < len(lines):
        shared.append(f"{counted(len(lines) - len(sung), 'voice')} without words")
    scores = []
    for name, notes in sung:
        ignored = list(shared)
        line = one_line(notes, ignored)
        if line:
            tick_within(line[-1].tick + line[-1].duration, path)
            scores.append(Score(name, line, tempos, signatures, ignored=tuple(ignored)))
    if not scores:
        raise fields.fail("has no notes; nothing can be sung")
    return tuple(scores)


def as_tick(quarters: Fraction) -> int:
    """The tick nearest to a position in quarter notes."""
    return round(quarters * TICKS_PER_QUARTER)


def _bars(parts: Sequence[Sequence[Measure]]) -> tuple[list[Fraction], tuple[TimeSignature, ...]]:
    """Start of each bar in quarter notes, and the metre of each as `metre` gives it."""
    starts, signatures, position, held = [], [], Fraction(0), (4, 4)
    for index in range(max((len(measures) for measures in parts), default=0)):
        bars = [measures[index] for measures in parts if index < len(measures)]
        held = next((bar.metre for bar in bars if bar.metre), held)
        nominal = Fraction(4 * held[0], held[1])
        length = max(bar.length for bar in bars) or nominal
        starts.append(position)
        signatures.append(TimeSignature(index, *(held if length == nominal else _irregular(length, held))))
        position += length
    return starts, metre(signatures)


def _irregular(length: Fraction, held: tuple[int, int]) -> tuple[int, int]:
    """The metre of a bar of another length; the one in force where none would do."""
    wholes = length / 4
    for denominator in DENOMINATORS:
        beats = wholes * denominator
        if denominator >= 4 and beats.denominator == 1 and 1 <= beats <= 255:
            return int(beats), denominator
    return held


def _lines(name: str, measures: Sequence[Measure], starts: Sequence[Fraction]) -> Iterator[tuple[str, list[Note]]]:
    """Name and notes of each voice of a part."""
    voices = list(dict.fromkeys(voice for measure in measures for voice in measure.voices))
    for voice in voices:
        written = [
            (replace(sung, start=starts[index] + sung.start))
            for index, measure in enumerate(measures)
            for sung in measure.voices.get(voice, [])
        ]
        title = name if voice == voices[0] else f"{name} (voice {voice})".strip()
        yield title, list(_notes(written))


def _notes(written: Sequence[Sung]) -> Iterator[Note]:
    """Notes with tied ones joined, and syllables where nothing is written."""
    joined: list[Sung] = []
    for sung in written:
        last = joined[-1] if joined else None
        is_tied = last is not None and last.is_continued and sung.continues and last.midi == sung.midi
        if last is not None and is_tied and last.start + last.duration == sung.start:
            joined[-1] = replace(last, duration=last.duration + sung.duration, is_continued=sung.is_continued)
        else:
            joined.append(sung)
    has_begun = False
    for sung in joined:
        has_begun = has_begun or sung.lyric is not None
        lyric = sung.lyric if sung.lyric is not None else ("-" if has_begun else "")
        start, end = as_tick(sung.start), as_tick(sung.start + sung.duration)
        yield Note(start, end - start, sung.midi, lyric)
