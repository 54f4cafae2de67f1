"""Reading UST, the score files of UTAU (1.2, 2.0) and of OpenUtau's export.

A UST is text in sections: `[#VERSION]`, `[#SETTING]`, then one section a note or rest in time order, each with a length
in ticks of 1/480 quarter note. It holds one line and no metre. Text without a declared encoding is Shift_JIS or UTF-8.
Lyrics are names of recordings, so the signs that choose one are taken off: `a か` (VCV), `?か`, `かF4` read as `か`.
Vibrato (VBR) and pitch bends of the first kind (cents every 5 ticks) are read; drawn transitions (PBS, PBW) are not,
because the voices glide by themselves.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from duetto.score.formats.limits import DEFAULT_BPM, MAX_NOTES, MAX_POINTS, MAX_TICK, fault, read_bytes, tick_within
from duetto.score.formats.line import clock, one_line
from duetto.score.formats.text import counted, decode_text, plain
from duetto.score.score import TICKS_PER_QUARTER, Curve, Note, Score, Vibrato

SECTION = re.compile(r"\[#(.*?)\]?\s*$")
CHARSET = re.compile(rb"^\s*Charset\s*=\s*([A-Za-z0-9_-]{1,20})\s*$", re.IGNORECASE | re.MULTILINE)
CHARSETS = {"utf-8": "utf-8", "utf8": "utf-8", "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932"}
CHARSETS |= {"cp932": "cp932", "gbk": "gb18030", "gb2312": "gb18030", "gb18030": "gb18030", "big5": "big5"}
VCV = re.compile(r"^(?:[aiueonNnRr*-]|[あいうえおん]) (?=\S)")
SAMPLE_PITCH = re.compile(r"(?<=[ぁ-ヿ])[ _]?[A-Ga-g][#b♯♭]?\d$|(?<=[ぁ-ヿ])[↑↓]$")
RESTS = frozenset({"", "R", "r", "SP"})  # SP and AP: OpenUtau with voices of DiffSinger
BREATHS = frozenset({"AP", "br", "br1", "br2", "br3", "breath", "息", "吸", "吐", "ブレス", "・"})
SLURS = frozenset({"+", "+~", "+*", "＋"})
BEND_STEP = 5  # ticks between the cents of a pitch bend of the first kind
BENDS = ("PitchBend", "Pitches", "Piches")  # the second and third are older
VELOCITY_PERCENT = 100 / 64  # UTAU's 100 is VOCALOID's 64


@dataclass
class _Song:
    """What has been read so far."""

    path: Path
    tick: int = 0
    notes: list[Note] = field(default_factory=list)
    tempos: list[tuple[int, float]] = field(default_factory=list)
    bend: list[tuple[int, float]] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)


def read_ust(path: Path) -> tuple[Score, ...]:
    """The one line of a UST.

    Args:
        path: A file of at most 64 MiB.

    Raises:
        ScoreError: If it cannot be opened, is no UST, has no notes, or holds a number that no song needs.
    """
    text = _decoded(read_bytes(path), path)
    song, ignored, name = _Song(path), list[str](), ""
    for title, values in _sections(text, path):
        if title == "SETTING":
            name = plain(values.get("ProjectName", ""), path)
            _read_tempo(values, song)
        elif title.isdecimal() or title == "INSERT":
            _read_element(values, song)
    if not song.notes:
        raise fault(path, "has no notes; nothing can be sung")
    ignored = [f"{what} (on {counted(count, 'note')})" for what, count in sorted(song.told.items())]
    tempos = clock(song.tempos, path, ignored)
    notes = one_line(song.notes, ignored)
    return (Score(name, notes, tempos, pitch_bend_semitones=Curve(tuple(song.bend)), ignored=tuple(ignored)),)


def _decoded(content: bytes, path: Path) -> str:
    declared = CHARSET.search(content[:4096])
    encoding = CHARSETS.get(declared[1].decode("ascii").lower()) if declared else None
    if encoding is None:
        return decode_text(content, "gb18030")
    try:
        return content.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        raise fault(path, f"says that its encoding is {encoding}, which it is not; save it again") from error


def _sections(text: str, path: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Title and entries of each section; an entry that is there twice counts as it stands last."""
    title, values, count = "", dict[str, str](), 0
    for line in text.splitlines():
        if found := SECTION.match(line):
            if title:
                yield title, values
            title, values, count = found[1].strip().upper(), {}, count + 1
            if count > MAX_NOTES:
                raise fault(path, f"has more than {MAX_NOTES} sections, which no song needs")
        elif title == "VERSION" and not values and "=" not in line:
            values["version"] = line
        elif title and "=" in line:
            key, _, value = line.partition("=")
            values[key.strip().lstrip("@$")] = value.strip()
    if not title:
        raise fault(path, "has no section such as [#SETTING]; it is no UST")
    yield title, values


def _read_tempo(values: Mapping[str, str], song: _Song) -> None:
    if values.get("Tempo"):
        song.tempos.append((song.tick, _number(values["Tempo"], "Tempo", song.path)))


def _read_element(values: Mapping[str, str], song: _Song) -> None:
    """A note or a rest, and where it ends."""
    path = song.path
    duration = round(_number(values.get("Length", ""), "Length", path))
    if not 0 <= duration <= MAX_TICK:
        raise fault(path, f"has Length={duration}, which is outside 0 to {MAX_TICK}")
    _read_tempo(values, song)
    lyric = _lyric(plain(values.get("Lyric", ""), path))
    if lyric in BREATHS:
        song.told["breath left as a rest"] += 1
    elif lyric not in RESTS:
        _add_note(_note(values, lyric, duration, song), values, song)
        _read_bend(values, duration, song)
        for key, what in (("PBS", "drawn transition PBS"), ("Flags", "flags"), ("Intensity", "intensity")):
            if values.get(key, "") not in ("", "100" if key == "Intensity" else ""):
                song.told[what] += 1
    song.tick = tick_within(song.tick + duration, path)


def _add_note(note: Note, values: Mapping[str, str], song: _Song) -> None:
    """Add a note, or lengthen the one before where only a tempo change divides them."""
    last = song.notes[-1] if song.notes else None
    is_divided = last is not None and note.lyric == "-" and last.midi == note.midi and bool(values.get("Tempo"))
    if last is not None and is_divided and last.tick + last.duration == note.tick and last.vibrato == note.vibrato:
        song.notes[-1] = replace(last, duration=last.duration + note.duration)
    else:
        song.notes.append(note)


def _lyric(text: str) -> str:
    """The lyric without the signs that choose a recording."""
    if text in SLURS:
        return "-"
    text = VCV.sub("", text.removeprefix("?"))
    return SAMPLE_PITCH.sub("", text)


def _note(values: Mapping[str, str], lyric: str, duration: int, song: _Song) -> Note:
    midi = round(_number(values.get("NoteNum", ""), "NoteNum", song.path))
    if not 0 <= midi <= 127:
        raise fault(song.path, f"has NoteNum={midi}, which is outside 0 to 127")
    percent = _number(values["Velocity"], "Velocity", song.path) if values.get("Velocity") else 100.0
    velocity = round(min(max(percent / VELOCITY_PERCENT, 0), 127))
    return Note(song.tick, duration, midi, lyric, velocity=velocity, vibrato=_vibrato(values.get("VBR", ""), song))


def _vibrato(text: str, song: _Song) -> Vibrato | None:
    """`VBR=length %, cycle ms, depth cents, ...`; fades, phase and height are the voice's own."""
    numbers = [_number(part, "VBR", song.path) if part.strip() else 0.0 for part in text.split(",")[:3]]
    if len(numbers) < 3 or numbers[0] <= 0 or numbers[1] <= 0 or numbers[2] <= 0:
        return None
    length = min(numbers[0], 100.0) / 100
    cycle_ms = min(max(numbers[1], 10.0), 5000.0)
    return Vibrato(length, ((0.0, min(numbers[2], 1200.0)),), ((0.0, 1000.0 / cycle_ms),))


def _read_bend(values: Mapping[str, str], duration: int, song: _Song) -> None:
    """Cents every 5 ticks from the note's start; the bend ends with the note."""
    text = next((values[key] for key in BENDS if values.get(key)), "")
    if not text:
        return
    shift_ms = _number(values["PBStart"], "PBStart", song.path) if values.get("PBStart") else 0.0
    bpm = song.tempos[-1][1] if song.tempos else DEFAULT_BPM
    shift = round(min(max(shift_ms, -60_000.0), 60_000.0) * bpm * TICKS_PER_QUARTER / 60_000)
    for index, part in enumerate(text.split(",", MAX_POINTS)[:MAX_POINTS]):
        tick = shift + index * BEND_STEP
        if tick >= duration:
            break
        semitones = (_number(part, BENDS[0], song.path) if part.strip() else 0.0) / 100
        if tick >= 0:
            _put(song.bend, song.tick + tick, min(max(semitones, -24.0), 24.0))
    _put(song.bend, song.tick + duration, 0.0)
    if len(song.bend) > MAX_POINTS:
        raise fault(song.path, f"has more than {MAX_POINTS} points of pitch, which no song needs")


def _put(bend: list[tuple[int, float]], tick: int, semitones: float) -> None:
    """Add a point where the value changes."""
    if bend and bend[-1][0] == tick:
        bend.pop()
    if semitones != (bend[-1][1] if bend else 0.0):
        bend.append((tick, semitones))


def _number(text: str, key: str, path: Path) -> float:
    try:
        value = float(text.strip().replace(",", ".")[:40])  # some languages of Windows write 120,00
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise fault(path, f"has {key}={text[:40]!r} where a number is expected")
    return value
