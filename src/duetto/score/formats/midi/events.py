"""What a Standard MIDI file says, in ticks of 480 a quarter note: lines, syllables, tempo, metre.

mido reads the file; text stays bytes until the encoding of all of it is known, for files declare none. An XF file of
Yamaha has its lyrics in a chunk behind the tracks, which is read as a track of its own.
"""

import io
import re
import struct
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duetto.errors import ScoreError
from duetto.score.formats.limits import fault, read_bytes, tick_within
from duetto.score.formats.midi.syllables import syllable_text
from duetto.score.formats.text import encoding_of, plain
from duetto.score.score import TICKS_PER_QUARTER

MAX_MIDI_BYTES = 2 * 1024 * 1024  # mido takes 100 times that; a song of 5 minutes has 0.1 MB
MICROSECONDS_PER_MINUTE = 60_000_000
KEY_SIGNATURE = re.compile(rb"\xff\x59\x02..", re.DOTALL)  # mido refuses keys that do not exist, and none is sung
KEY_OF_C = b"\xff\x59\x02\x00\x00"
KARAOKE_MARKS = ("@K", "@L", "@T", "@V")
LEAST_TEXTS = 8  # text events at different times: without karaoke marks, fewer are remarks
DAMAGE = (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, struct.error, ArithmeticError)


@dataclass
class Line:
    """What one channel of one track plays."""

    track: int
    channel: int
    name: str = ""
    notes: list[tuple[int, int, int]] = field(default_factory=list)  # start, end, MIDI; in time order
    told: Counter[str] = field(default_factory=Counter)

    @property
    def key(self) -> tuple[int, int]:
        return self.track, self.channel

    @property
    def starts(self) -> list[int]:
        """Ticks at which notes begin, in order."""
        return [start for start, _, _ in self.notes]


@dataclass
class Song:
    """Everything of a file that a score needs."""

    lines: list[Line] = field(default_factory=list)  # with notes
    words: dict[int, list[tuple[int, str]]] = field(default_factory=dict)  # track -> tick, syllable
    texts: dict[int, list[tuple[int, str]]] = field(default_factory=dict)  # the same of text events
    channels: dict[int, int] = field(default_factory=dict)  # track of XF lyrics -> channel that sings them
    tempos: list[tuple[int, float]] = field(default_factory=list)
    metres: list[tuple[int, int, int]] = field(default_factory=list)  # tick, numerator, denominator


def read_events(path: Path) -> Song:
    """Read a file of at most 2 MiB.

    Raises:
        ScoreError: If it cannot be opened, is larger, damaged, of format 2, or counts time in frames of film.
    """
    content = read_bytes(path, MAX_MIDI_BYTES)
    begin = content.find(b"MThd", 0, 256)  # RIFF and MacBinary put something before it
    if begin < 0:
        raise fault(path, "does not start as a MIDI file does; it is none")
    content = content[begin:]
    file = _parse(content, path)
    if file.type == 2 or file.ticks_per_beat <= 0:
        raise fault(path, "is a MIDI file of format 2 or counts time in film frames; save it as format 1")
    tracks = list(file.tracks)
    karaoke = _xf_lyrics(content, path)
    song, scale = Song(), TICKS_PER_QUARTER / file.ticks_per_beat
    encoding = _encoding([*tracks, *karaoke])
    for number, track in enumerate([*tracks, *karaoke]):
        _read_track(number, track, song, _Reading(path, scale, encoding, number >= len(tracks)))
    if song.words.get(len(tracks)):  # XF repeats what lyric events may say as well
        song.words = {len(tracks): song.words[len(tracks)]}
    song.words = song.words or song.texts
    song.tempos.sort(key=lambda change: change[0])
    song.metres.sort(key=lambda change: change[0])
    return song


@dataclass(frozen=True)
class _Reading:
    """How a track is read."""

    path: Path
    scale: float  # our ticks in one of the file's
    encoding: str
    is_xf: bool

    def text(self, message: Any) -> str:
        return _raw(message).decode(self.encoding, "replace")


def _parse(content: bytes, path: Path) -> Any:
    import mido
    from mido.midifiles.meta import KeySignatureError

    content = KEY_SIGNATURE.sub(KEY_OF_C, content)
    try:
        return mido.MidiFile(file=io.BytesIO(content), clip=True, charset="latin-1")
    except (*DAMAGE, KeySignatureError) as error:
        raise ScoreError(f"{path} is a damaged MIDI file ({str(error)[:80] or type(error).__name__}).") from error


def _xf_lyrics(content: bytes, path: Path) -> list[Any]:
    """The karaoke chunk of Yamaha's XF as a track; none where there is no such chunk."""
    position, found = 0, b""
    while position + 8 <= len(content):
        size = int.from_bytes(content[position + 4 : position + 8], "big")
        if content[position : position + 4] == b"XFKM":
            found = content[position + 8 : position + 8 + size]
        position += 8 + size
    if not found:
        return []
    header = b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS_PER_QUARTER)
    return list(_parse(header + b"MTrk" + struct.pack(">I", len(found)) + found, path).tracks)


def _raw(message: Any) -> bytes:
    text = message.name if message.type == "track_name" else message.text
    return text.encode("latin-1")


def _encoding(tracks: list[Any]) -> str:
    kinds = ("lyrics", "text", "track_name", "cue_marker", "marker")
    raw = b"\n".join(_raw(message) for track in tracks for message in track if message.type in kinds)
    if b"{@JP}" in raw or b"{@jp}" in raw:
        return "cp932"
    return encoding_of(raw)


def _read_track(number: int, track: Any, song: Song, reading: _Reading) -> None:
    said = _Track(number)
    raw_tick = 0
    for message in track:
        raw_tick += message.time
        tick = tick_within(round(raw_tick * reading.scale), reading.path)
        if message.type in ("note_on", "note_off", "pitchwheel"):
            said.play(message, tick)
        elif message.type in ("lyrics", "text"):
            said.texts[message.type].append((tick, reading.text(message)))
        elif message.type == "track_name":
            said.name = said.name or plain(reading.text(message), reading.path)
        else:
            _read_time(message, tick, song, number, reading)
    for found, kind in ((said.texts["lyrics"], song.words), (_karaoke(said.texts["text"]), song.texts)):
        if found:
            kind[number] = [(tick, plain(syllable_text(text, reading.is_xf), reading.path)) for tick, text in found]
    song.lines += said.finished(round(raw_tick * reading.scale))


@dataclass
class _Track:
    """What a track has said so far."""

    number: int
    name: str = ""
    lines: dict[int, Line] = field(default_factory=dict)  # by channel
    sounding: dict[tuple[int, int], deque[int]] = field(default_factory=dict)  # channel, MIDI -> starts
    texts: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: {"lyrics": [], "text": []})

    def play(self, message: Any, tick: int) -> None:
        """Take a note's start or end, or count a bend."""
        line = self.lines.setdefault(message.channel, Line(self.number, message.channel))
        if message.type == "pitchwheel":
            line.told["pitch bend"] += 1
            return
        starts = self.sounding.setdefault((line.channel, message.note), deque())
        if message.type == "note_on" and message.velocity > 0:
            starts.append(tick)
        elif starts:
            line.notes.append((starts.popleft(), tick, message.note))

    def finished(self, end: int) -> list[Line]:
        """The lines with notes; what still sounds ends with the track."""
        for (channel, midi), starts in self.sounding.items():
            self.lines[channel].notes += [(start, end, midi) for start in starts if end > start]
        for line in self.lines.values():
            line.notes.sort()
            line.name = self.name
        return [line for line in self.lines.values() if line.notes]


def _read_time(message: Any, tick: int, song: Song, number: int, reading: _Reading) -> None:
    if message.type == "set_tempo" and message.tempo > 0:
        song.tempos.append((tick, _bpm(message.tempo)))
    elif message.type == "time_signature":
        song.metres.append((tick, message.numerator, message.denominator))
    elif message.type == "cue_marker" and reading.is_xf:
        _, *parts = reading.text(message).split(":")
        if parts and parts[0].isdecimal() and 1 <= int(parts[0][:3]) <= 16:
            song.channels[number] = int(parts[0][:3]) - 1


def _bpm(microseconds: int) -> float:
    """Quarter notes a minute, with the fewest decimals that give the stored whole number of microseconds."""
    exact = MICROSECONDS_PER_MINUTE / microseconds
    candidates = (round(exact, decimals) for decimals in range(5))
    return next((bpm for bpm in candidates if bpm and round(MICROSECONDS_PER_MINUTE / bpm) == microseconds), exact)


def _karaoke(texts: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Text events that are syllables: those of a karaoke file, or many at different times."""
    is_marked = any(text.startswith(KARAOKE_MARKS) for _, text in texts)
    sung = [(tick, text) for tick, text in texts if not text.startswith("@")]
    return sung if is_marked or len({tick for tick, _ in sung}) >= LEAST_TEXTS else []
