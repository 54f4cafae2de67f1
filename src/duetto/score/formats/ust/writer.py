"""Writing a score as a UST 1.2 in UTF-8, which UTAU and OpenUtau open and `read_ust` reads back.

Rests fill the gaps. A tempo change needs a note or rest to stand at, so a note that goes on over one is divided, and
its second part is a `-`. What a UST cannot hold: `formats.registry`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from duetto.errors import ScoreError
from duetto.score.formats.line import check_song
from duetto.score.formats.ust.reader import BEND_STEP, VELOCITY_PERCENT
from duetto.score.score import Curve, Note, Score, Tempo, Vibrato
from duetto.storage.files import atomic_path

REST, SLUR = "R", "-"
REST_MIDI = 60
LAST_REST = 480  # ticks, for a tempo change after the last note to stand at


def write_ust(scores: Sequence[Score], path: Path) -> None:
    """Write the one line that a UST holds, atomically.

    Raises:
        ScoreError: If there are several scores, or one that cannot be written.
        StorageError: If the folder cannot be written.
    """
    if len(scores) != 1:
        raise ScoreError(f"A UST holds one track; choose one of the {len(scores)}.")
    check_song(scores)
    text = "\r\n".join(_lines(scores[0])) + "\r\n"
    with atomic_path(path) as temporary:
        temporary.write_bytes(text.encode())


def _lines(score: Score) -> Iterator[str]:
    yield from ("[#VERSION]", "UST Version1.2", "Charset=UTF-8", "[#SETTING]", f"Tempo={score.tempos[0].bpm:.10g}")
    yield from ("Tracks=1", f"ProjectName={_plain(score.name)}", "Mode2=False")
    for number, (note, tempo) in enumerate(_elements(score)):
        yield f"[#{number:04d}]"
        yield f"Length={note.duration}"
        yield f"Lyric={_plain(note.lyric) or SLUR}"
        yield f"NoteNum={note.midi}"
        if tempo is not None:
            yield f"Tempo={tempo.bpm:.10g}"
        if note.lyric != REST:
            yield f"Velocity={round(note.velocity * VELOCITY_PERCENT)}"
            yield from _vibrato(note.vibrato)
            yield from _bend(score.pitch_bend_semitones, note)
    yield "[#TRACKEND]"


def _elements(score: Score) -> Iterator[tuple[Note, Tempo | None]]:
    """Notes and rests without gaps, divided at tempo changes, each with the change at its start."""
    changes = {tempo.tick: tempo for tempo in score.tempos[1:]}
    ticks = sorted(changes)
    for start, end, sung in _spans(score.notes, ticks):
        cuts = [start, *ticks[bisect_left(ticks, start + 1) : bisect_left(ticks, end)], end]
        for index, (first, last) in enumerate(pairwise(cuts)):
            if sung is None:
                element = Note(first, last - first, REST_MIDI, REST)
            else:
                lyric = sung.lyric if index == 0 else SLUR
                element = Note(first, last - first, sung.midi, lyric, velocity=sung.velocity, vibrato=sung.vibrato)
            yield element, changes.get(first)


def _spans(notes: Sequence[Note], changes: Sequence[int]) -> Iterator[tuple[int, int, Note | None]]:
    """Start, end and note; None = the rest before a note, or a last one that reaches the last tempo change."""
    now = 0
    for note in notes:
        if note.tick > now:
            yield now, note.tick, None
        yield note.tick, note.tick + note.duration, note
        now = note.tick + note.duration
    if changes and changes[-1] >= now:
        yield now, changes[-1] + LAST_REST, None


def _vibrato(vibrato: Vibrato | None) -> Iterator[str]:
    if vibrato is not None and vibrato.depth and vibrato.rate:
        depth = max(value for _, value in vibrato.depth)
        rate_hz = sum(value for _, value in vibrato.rate) / len(vibrato.rate)
        if depth > 0 and rate_hz > 0:
            yield f"VBR={vibrato.length * 100:.4g},{1000 / rate_hz:.6g},{depth:.6g},10,10,0,0,0"


def _bend(bend: Curve, note: Note) -> Iterator[str]:
    """Cents every 5 ticks, where the curve is not 0 within the note."""
    ticks = [tick for tick, _ in bend.points]
    places = (bisect_right(ticks, tick) for tick in range(note.tick, note.tick + note.duration, BEND_STEP))
    cents = [round(bend.points[place - 1][1] * 100) if place else 0 for place in places]
    if any(cents):
        yield "PBType=5"
        yield "PBStart=0"
        yield f"PitchBend={','.join(map(str, cents))}"


def _plain(text: str) -> str:
    return " ".join(text.split())
