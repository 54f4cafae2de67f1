"""One singer's line out of whatever a file holds: notes in order, a clock, a metre."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from duetto.errors import ScoreError
from duetto.score.formats.limits import DEFAULT_BPM, MAX_BPM, MAX_TICK, fault, tick_within
from duetto.score.formats.text import counted
from duetto.score.score import Note, Score, Tempo, TimeSignature
from duetto.score.tempo import TempoMap

DENOMINATORS = (1, 2, 4, 8, 16, 32, 64)  # of a metre
HIGHEST_MIDI = 127


def one_line(notes: Iterable[Note], ignored: list[str]) -> tuple[Note, ...]:
    """Notes in time order without overlap, from tick 0 on.

    Notes that overlap are shortened, and of notes that start together the highest stays.

    Args:
        notes: In any order, at any tick.
        ignored: Gains a line for whatever was left out or changed.
    """
    notes = list(notes)
    early = sum(note.tick < 0 for note in notes)
    empty = sum(note.duration <= 0 for note in notes)
    if early:
        ignored.append(f"{counted(early, 'note')} before the first bar")
    if empty:
        ignored.append(f"{counted(empty, 'note')} without duration")
    return tuple(separated([note for note in notes if note.tick >= 0 and note.duration > 0], ignored))


def separated(notes: Sequence[Note], ignored: list[str]) -> list[Note]:
    """Notes in time order, without overlap; `ignored` as in `one_line`."""
    highest: dict[int, Note] = {}
    for note in notes:
        if note.tick not in highest or note.midi > highest[note.tick].midi:
            highest[note.tick] = note
    ordered = [highest[tick] for tick in sorted(highest)]
    together = len(notes) - len(ordered)
    shortened = 0
    for index, (note, following) in enumerate(pairwise(ordered)):
        if note.tick + note.duration > following.tick:
            ordered[index] = replace(note, duration=following.tick - note.tick)
            shortened += 1
    if together:
        ignored.append(f"{counted(together, 'note')} at the start of a higher note")
    if shortened:
        ignored.append(f"the end of {counted(shortened, 'note')}, which overlapped the next note")
    return ordered


def clock(changes: Iterable[tuple[int, float]], path: Path, ignored: list[str]) -> tuple[Tempo, ...]:
    """Tempo changes (tick, quarter notes a minute) as a score holds them; of several at a tick the last.

    Raises:
        ScoreError: If a tempo or a position is none.
    """
    by_tick: dict[int, float] = {}
    for tick, bpm in changes:
        if not (math.isfinite(bpm) and 0 < bpm <= MAX_BPM):
            raise fault(path, f"has a tempo of {bpm:g} where more than 0 and at most {MAX_BPM} is expected")
        by_tick[max(tick_within(tick, path), 0)] = bpm
    if 0 not in by_tick:
        ignored.append(f"no tempo at the start: {DEFAULT_BPM:g} BPM assumed")
        by_tick[0] = DEFAULT_BPM
    return tuple(Tempo(tick, by_tick[tick]) for tick in sorted(by_tick))


def metre(changes: Iterable[TimeSignature]) -> tuple[TimeSignature, ...]:
    """Metre changes in order from the first bar, 4/4 where nothing is said, without those that change nothing."""
    by_measure = {change.measure: change for change in changes}
    by_measure.setdefault(0, TimeSignature(0, 4, 4))
    kept: list[TimeSignature] = []
    for measure in sorted(by_measure):
        change = by_measure[measure]
        if not kept or (kept[-1].numerator, kept[-1].denominator) != (change.numerator, change.denominator):
            kept.append(change)
    return tuple(kept)


def check_line(score: Score) -> None:
    """Refuse what no writer can write.

    Raises:
        ScoreError: If a score has no notes, notes out of order, a clock or a metre that cannot be.
    """
    if not score.notes:
        raise ScoreError(f"The score {score.name!r} has no notes; there is nothing to write.")
    TempoMap(score.tempos)  # refuses a clock that cannot run
    _check_notes(score)
    for text in (score.name, *(note.lyric for note in score.notes)):
        if any(letter < " " or "\ud800" <= letter <= "\udfff" or letter in "\ufffe\uffff" for letter in text):
            raise ScoreError(f"The text {text!r} cannot be written: control characters are not allowed.")
    measures = [signature.measure for signature in score.time_signatures]
    if measures[:1] != [0] or measures != sorted(set(measures)):
        raise ScoreError(f"The score {score.name!r} has no metre at its start, or metre changes out of order.")
    if any(signature.denominator not in DENOMINATORS for signature in score.time_signatures):
        raise ScoreError(f"The score {score.name!r} has a metre whose lower number is not a power of two up to 64.")


def _check_notes(score: Score) -> None:
    end = 0
    for note in score.notes:
        if note.tick < end or note.duration <= 0:
            raise ScoreError(
                f"The score {score.name!r} has a note at tick {note.tick} that overlaps the one before or has no "
                "duration; put the notes in time order."
            )
        if not 0 <= note.midi <= HIGHEST_MIDI:
            raise ScoreError(f"The note number {note.midi} cannot be written: scores hold 0 to {HIGHEST_MIDI}.")
        end = note.tick + note.duration
    last = max(end, score.tempos[-1].tick)
    if last > MAX_TICK:
        raise ScoreError(f"The score {score.name!r} ends at tick {last}, which is outside any song.")


def check_song(scores: Sequence[Score]) -> None:
    """Refuse lines that are no song.

    Raises:
        ScoreError: If there is none, one cannot be written, or they do not share tempo and metre.
    """
    if not scores:
        raise ScoreError("There is no score to write.")
    for score in scores:
        check_line(score)
        if (score.tempos, score.time_signatures) != (scores[0].tempos, scores[0].time_signatures):
            raise ScoreError(f"The scores {scores[0].name!r} and {score.name!r} differ in tempo or metre.")
