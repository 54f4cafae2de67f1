"""Reads .ddi files, the tree of a VOCALOID3 or 4 singer database: the positions of phones in its .ddb.

Only entries that name a sound are read: stationary phones (`STA `) and articulations of two phones or more (`ART `,
nested once for each further phone). Nothing in the file is trusted: every read is bounded, counts and depth are
limited, and a tree of another layout (VOCALOID2, early 3) gives no names but a sentence in `DdiTree.report`; its sounds
are then found by scanning the .ddb.

Layout as found by the ddb-tools and ddb-extraction projects; little-endian. Pitches are in the file's own unit, which
is not documented.
"""

import math
import mmap
import struct
from dataclasses import dataclass, field
from pathlib import Path

from duetto.errors import CorpusError

MAX_DDI_BYTES = 256 * 2**20  # the largest published trees have about 50 MiB
MAX_SAMPLES = 200_000
MAX_DEPTH = 8  # phones before the last of an articulation; real trees have two
MAX_TEXT_BYTES = 64  # a phone in X-SAMPA has under ten
MAX_ALIGNMENT_BYTES = 1024
ZEROS, ONES = b"\0" * 8, b"\xff" * 8
ARRAY_BYTES = 20  # "ARR ", u32, u64 1, u32 number of entries
STATIONARY, ARTICULATION = b"STA ", b"ART "
END_OF_ARTICULATION = b"\x07\0\0\0default"  # the name that ends each articulation's entry


@dataclass(frozen=True)
class DdiSample:
    """An entry of the tree: a sound and its name."""

    phones: tuple[str, ...]  # one of a stationary sound, two or more of an articulation
    pitch: float | None  # unit of the file; None = not a finite number
    position: int  # byte of the .ddb within, or at the start of, the sound's PCM


@dataclass(frozen=True)
class DdiTree:
    """The entries of a .ddi, and a report of unreadable parts."""

    samples: tuple[DdiSample, ...]
    report: str = ""


class _LayoutError(Exception):
    """The bytes do not fit the layout."""


@dataclass
class _Cursor:
    """A position in the file; every read is checked against its end."""

    data: mmap.mmap | bytes
    place: int
    samples: list[DdiSample] = field(default_factory=list)

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.place:
            raise _LayoutError(f"the file ends at byte {len(self.data)}, within an entry")
        piece = self.data[self.place : self.place + count]
        self.place += count
        return piece

    def number(self, layout: str) -> int:
        return int(struct.unpack(f"<{layout}", self.take(struct.calcsize(layout)))[0])

    def expect(self, expected: bytes) -> None:
        begin = self.place
        found = self.take(len(expected))
        if found != expected:
            raise _LayoutError(f"byte {begin} holds {found!r} where {expected!r} is expected")

    def block(self, tag: bytes) -> None:
        self.expect(ZEROS)
        self.expect(tag)

    def expect_numbers(self, *numbers: int) -> None:
        for number in numbers:
            self.expect(struct.pack("<I", number))

    def text(self) -> str:
        begin, length = self.place, self.number("I")
        if length > MAX_TEXT_BYTES:
            raise _LayoutError(f"byte {begin} announces a name of {length} bytes; at most {MAX_TEXT_BYTES} make sense")
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise _LayoutError(f"byte {begin} holds a name that is not UTF-8") from error

    def name(self, expected: str) -> None:
        begin, found = self.place, self.text()
        if found != expected:
            raise _LayoutError(f"byte {begin} holds the name {found!r} where {expected!r} is expected")

    def count(self, smallest_bytes: int) -> int:
        """Read a number of entries, which must fit into the rest of the file."""
        begin, count = self.place, self.number("I")
        if count * smallest_bytes > len(self.data) - self.place:
            raise _LayoutError(f"byte {begin} announces {count} entries, more than the file can hold")
        return count

    def add(self, phones: tuple[str, ...], pitch: float, position: int) -> None:
        if len(self.samples) >= MAX_SAMPLES:
            raise _LayoutError(f"more than {MAX_SAMPLES} entries")
        self.samples.append(DdiSample(phones, pitch if math.isfinite(pitch) else None, position))


def read_ddi(path: Path) -> DdiTree:
    """Read the names of a .ddi.

    Returns:
        The entries in the file's order. A section of unknown layout has none and is reported.

    Raises:
        CorpusError: If the file is missing, cannot be read, or is larger than any real tree.
    """
    try:
        size = path.stat().st_size
        if size > MAX_DDI_BYTES:
            raise CorpusError(f"{path} has {size} bytes; a .ddi has at most {MAX_DDI_BYTES}. Is it the .ddb?")
        if size == 0:
            return DdiTree((), f"{path.name} is empty.")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _read_tree(data, path.name)
    except OSError as error:
        raise CorpusError(f"{path} cannot be read ({error.strerror or error}).") from error


def _read_tree(data: mmap.mmap, name: str) -> DdiTree:
    samples: list[DdiSample] = []
    problems = []
    for title, tag, read in (
        ("stationary", STATIONARY, _read_stationary),
        ("articulation", ARTICULATION, _read_articulations),
    ):
        cursor = _Cursor(data, data.find(ZEROS + tag))
        if cursor.place < 0:
            if data.find(_empty_section(title)) < 0:
                problems.append(f"has no {title} section")
            continue
        try:
            _expect_start(cursor)
            read(cursor)
        except _LayoutError as error:
            problems.append(f"has its {title} section in an unknown layout ({error})")
        else:
            samples += cursor.samples
    report = f"{name} {' and '.join(problems)}: these sounds have no names." if problems else ""
    return DdiTree(tuple(samples), report)


def _empty_section(title: str) -> bytes:
    """An empty array and the section name that ends it."""
    return struct.pack("<QII", 1, 0, len(title)) + title.encode()


def _expect_start(cursor: _Cursor) -> None:
    """Expect an array's header before the first entry of a section; elsewhere the section is damaged."""
    cursor.place = max(0, cursor.place - ARRAY_BYTES)
    cursor.expect(b"ARR ")
    cursor.take(ARRAY_BYTES - 4)


def _read_stationary(cursor: _Cursor) -> None:
    """STA > STAu, a phone > STAp, a recording of it."""
    cursor.block(STATIONARY)
    cursor.take(4)
    cursor.expect_numbers(1, 0)
    for _ in range(cursor.count(36)):
        cursor.block(b"STAu")
        cursor.take(4)
        cursor.expect_numbers(1, 0)
        cursor.take(4)
        cursor.expect(ONES)
        recordings = [_read_stationary_recording(cursor) for _ in range(cursor.count(100))]
        phone = cursor.text()
        for pitch, position in recordings:
            cursor.add((phone,), pitch, position)


def _read_stationary_recording(cursor: _Cursor) -> tuple[float, int]:
    cursor.block(b"STAp")
    pitch = _read_expression(cursor)
    cursor.expect_numbers(0, 2, 0x3D, 0)
    _read_sound_names(cursor)
    cursor.take(4)
    position = _read_position(cursor)
    cursor.take(16)
    cursor.text()
    return pitch, position


def _read_articulations(cursor: _Cursor) -> None:
    """Read a sequence of ART blocks, ended by the name of the section."""
    while True:
        begin = cursor.place
        if cursor.take(8) not in (ZEROS, ONES):
            cursor.place = begin
            cursor.name("articulation")
            return
        cursor.expect(ARTICULATION)
        for phones, pitch, position in _read_articulation(cursor, 1):
            cursor.add(phones, pitch, position)


_Entry = tuple[tuple[str, ...], float, int]


def _read_articulation(cursor: _Cursor, depth: int) -> list[_Entry]:
    """ART, a phone > ARTu, the phone after it > ARTp, a recording of both; or > ART, for three phones."""
    if depth > MAX_DEPTH:
        raise _LayoutError(f"articulations nest deeper than {MAX_DEPTH}")
    cursor.take(4)
    cursor.expect_numbers(1, 0)
    cursor.take(4)
    entries: list[_Entry] = []
    for _ in range(cursor.count(36)):
        cursor.expect(ZEROS)
        tag = cursor.take(4)
        if tag == ARTICULATION:
            entries += _read_articulation(cursor, depth + 1)
        elif tag == b"ARTu":
            entries += _read_last_phone(cursor)
        else:
            raise _LayoutError(f"byte {cursor.place - 4} holds {tag!r} where an articulation is expected")
        if len(entries) > MAX_SAMPLES:
            raise _LayoutError(f"more than {MAX_SAMPLES} entries")
    phone = cursor.text()
    return [((phone, *phones), pitch, position) for phones, pitch, position in entries]


def _read_last_phone(cursor: _Cursor) -> list[_Entry]:
    cursor.take(4)
    cursor.expect_numbers(0, 0)
    cursor.take(4 + 8 + 4)
    cursor.expect(ONES[:4])
    recordings = [_read_recording(cursor) for _ in range(cursor.count(100))]
    phone = cursor.text()
    return [((phone,), pitch, position) for pitch, position in recordings]


def _read_recording(cursor: _Cursor) -> tuple[float, int]:
    cursor.take(8)
    cursor.expect(b"ARTp")
    pitch = _read_expression(cursor)
    cursor.expect_numbers(2)
    cursor.take(8)
    _read_sound_names(cursor)
    begin = cursor.place
    try:
        position = _read_position(cursor)
    except _LayoutError:  # some trees have four further bytes here
        cursor.place = begin + 4
        position = _read_position(cursor)
    cursor.take(8)
    begin = cursor.place
    end = cursor.data.find(END_OF_ARTICULATION, begin, begin + MAX_ALIGNMENT_BYTES)
    if end < 0:
        raise _LayoutError(f"the entry at byte {begin} has no end")
    cursor.place = end + len(END_OF_ARTICULATION)
    return pitch, position


def _read_expression(cursor: _Cursor) -> float:
    """Read the common start of both kinds of entries, after their tag, and return the pitch."""
    cursor.take(4)
    cursor.expect_numbers(0, 1)
    cursor.take(8)
    cursor.expect(b"\x01\0")
    return float(struct.unpack("<5f", cursor.take(20))[0])


def _read_sound_names(cursor: _Cursor) -> None:
    cursor.expect(b"EMPT")
    cursor.take(4)
    cursor.name("SND")
    cursor.take(4)
    cursor.expect_numbers(0)
    cursor.expect(b"EMPT")
    cursor.take(4)
    cursor.name("EpR")


def _read_position(cursor: _Cursor) -> int:
    """Read frame positions, rate, channels and id of a sound, and return its position in the .ddb."""
    cursor.take(8 * cursor.count(8))
    cursor.take(4)
    cursor.expect(b"\x01\0")
    cursor.take(4)
    return cursor.number("Q")
