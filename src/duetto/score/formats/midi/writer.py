"""Writing scores as a Standard MIDI file of format 1: a track for the clock, then one a score with its lyric events."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from duetto.errors import ScoreError
from duetto.score.formats.bars import change_ticks
from duetto.score.formats.line import check_song
from duetto.score.formats.midi.events import MICROSECONDS_PER_MINUTE
from duetto.score.score import TICKS_PER_QUARTER, Score
from duetto.storage.files import atomic_path

SLOWEST_MICROSECONDS = 2**24 - 1  # a quarter note; the format has three bytes
LARGEST_METRE = 255
CHANNELS = tuple(channel for channel in range(16) if channel != 9)  # 9 plays drums
LOUDNESS = 80

Timed = tuple[int, int, Any]  # tick, order at the tick, message


def write_midi(scores: Sequence[Score], path: Path) -> None:
    """Write each score as a track with lyrics in UTF-8, atomically.

    Raises:
        ScoreError: If there is none, one cannot be written, they differ in tempo or metre, or a tempo is below 3.6.
        StorageError: If the folder cannot be written.
    """
    import mido

    check_song(scores)
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER, charset="utf-8")
    file.tracks.append(_track(_clock(scores[0])))
    for number, score in enumerate(scores):
        file.tracks.append(_track(_line(score, CHANNELS[number % len(CHANNELS)])))
    with atomic_path(path) as temporary:
        file.save(temporary)


def _clock(score: Score) -> list[Timed]:
    import mido

    events: list[Timed] = []
    for tempo in score.tempos:
        microseconds = round(MICROSECONDS_PER_MINUTE / tempo.bpm)
        if microseconds > SLOWEST_MICROSECONDS:
            raise ScoreError(f"The tempo {tempo.bpm:g} cannot be written: MIDI holds 3.6 BPM or more.")
        events.append((tempo.tick, 1, mido.MetaMessage("set_tempo", tempo=max(microseconds, 1))))
    for tick, change in change_ticks(score.time_signatures):
        if change.numerator > LARGEST_METRE:
            raise ScoreError(f"The metre {change.numerator}/{change.denominator} cannot be written as MIDI.")
        metre = {"numerator": change.numerator, "denominator": change.denominator}
        events.append((tick, 0, mido.MetaMessage("time_signature", **metre)))
    return events


def _line(score: Score, channel: int) -> list[Timed]:
    import mido

    events: list[Timed] = [(0, 0, mido.MetaMessage("track_name", name=score.name))]
    for note in score.notes:
        sound = {"channel": channel, "note": note.midi}
        events.append((note.tick, 2, mido.MetaMessage("lyrics", text=note.lyric)))
        events.append((note.tick, 3, mido.Message("note_on", velocity=LOUDNESS, **sound)))
        events.append((note.tick + note.duration, 1, mido.Message("note_off", velocity=0, **sound)))
    return events


def _track(events: list[Timed]) -> Any:
    """Messages with the ticks since the one before."""
    import mido

    track, now = mido.MidiTrack(), 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track
