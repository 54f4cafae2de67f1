"""Reading Standard MIDI files with lyrics: lyric events, karaoke text (.kar), Yamaha XF.

A line is what one channel of one track plays. Syllables in a track with notes belong to them; syllables in a track of
their own, or in an XF chunk, go to the line whose notes begin when they do. Where any line has syllables, the others
are accompaniment and left out. A note without a syllable continues the vowel before it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from duetto.score.formats.bars import changes_by_bar
from duetto.score.formats.limits import MAX_MEASURES, MAX_NOTES, fault
from duetto.score.formats.line import DENOMINATORS, clock, metre, one_line
from duetto.score.formats.midi.events import Line, Song, read_events
from duetto.score.formats.midi.syllables import fit_share, placed
from duetto.score.formats.text import counted
from duetto.score.score import Note, Score

DRUMS = 9  # channel, counted from 0
POOR_FIT = 0.5  # of the syllables that begin with a note


def read_midi(path: Path) -> tuple[Score, ...]:
    """The lines that are sung; all but drums where there are no lyrics.

    Args:
        path: A file of format 0 or 1 and at most 2 MiB.

    Raises:
        ScoreError: If it cannot be opened, is damaged or of another kind, has no notes, or holds a number that no song
            needs.
    """
    song = read_events(path)
    if sum(len(line.notes) for line in song.lines) > MAX_NOTES:
        raise fault(path, f"has more than {MAX_NOTES} notes, which no song needs")
    shared: list[str] = []
    tempos = clock(song.tempos, path, shared)
    changes = [change for change in song.metres if change[1] and change[2] in DENOMINATORS]
    signatures = metre(change for change in changes_by_bar(changes) if change.measure <= MAX_MEASURES)
    common = Score("", (), tempos, signatures, ignored=tuple(shared))
    lines = [line for line in song.lines if line.channel != DRUMS]
    if not lines:
        raise fault(path, "has no notes but drums; nothing can be sung")
    return tuple(
        score for score in (_score(line, words, song, common) for line, words in _assigned(lines, song)) if score.notes
    )


Words = Sequence[tuple[int, str]]


def _assigned(lines: Sequence[Line], song: Song) -> list[tuple[Line, Words | None]]:
    """The lines to sing with their syllables; None where the file has none."""
    found: dict[int, list[tuple[int, str]]] = {}  # by place in `lines`
    for track, words in sorted(song.words.items()):
        own = [index for index, line in enumerate(lines) if line.track == track]
        channel = song.channels.get(track)
        candidates = [index for index in own or range(len(lines)) if channel in (None, lines[index].channel)]
        best = max(candidates or range(len(lines)), key=lambda index: fit_share(words, lines[index].starts))
        found[best] = max(found.get(best, []), words, key=len)
    if not found:
        return [(line, None) for line in lines]
    return [(lines[index], words) for index, words in sorted(found.items())]


def _score(line: Line, words: Words | None, song: Song, common: Score) -> Score:
    ignored = list(common.ignored)
    others = len({other.key for other in song.lines} - {line.key})
    lyrics: dict[int, str] = {}
    if words is None:
        ignored.append("no lyrics: the notes are sung on one vowel")
    else:
        lyrics, lost = placed(words, line.starts)
        if others:
            ignored.append(f"{counted(others, 'other line')} of the file: accompaniment, or sung apart")
        if lost:
            ignored.append(f"{counted(lost, 'syllable')} without a note")
        if fit_share(words, line.starts) < POOR_FIT:
            ignored.append("most syllables do not begin with a note of the line that fits them best")
    told = Counter(line.told)
    ignored.extend(f"{what} ({counted(count, 'event')})" for what, count in sorted(told.items()))
    notes, has_begun = [], False
    for index, (start, end, midi) in enumerate(line.notes):
        has_begun = has_begun or index in lyrics
        notes.append(Note(start, end - start, midi, lyrics.get(index, "-" if has_begun else "")))
    return replace(common, name=line.name, notes=one_line(notes, ignored), ignored=tuple(ignored))
