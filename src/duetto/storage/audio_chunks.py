"""The length of an uncompressed audio file according to its header, and according to its bytes.

WAV, RF64, Wave64, AIFF and CAF are lists of chunks, one of which holds the samples; AU has a header in front of them.
Sources: EBU Tech 3306 (RF64), Apple's Core Audio Format 1.0, Audio Interchange File Format 1.3, Sony's Wave64.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

MAGICS = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff", b"FORM", b"caff", b".snd")
LONGEST_32 = 0xFFFFFFFF
OPEN_ENDED = (0x7FFFFFFF, LONGEST_32)  # writers that cannot seek leave 0, one of these, or slightly less
MOST_CHUNKS = 10_000


@dataclass(frozen=True)
class SoundBytes:
    """Where the samples lie in a file."""

    present: int  # bytes of samples present
    missing: int = 0  # bytes that the header promises beyond the end of the file
    behind: int = 0  # bytes after the samples that are not chunks
    is_open_ended: bool = False  # the header gives no length


@dataclass(frozen=True)
class Layout:
    """The chunk layout of a format."""

    first: int  # where the first one begins
    size: str  # of the length, for struct
    sound: bytes  # name of the chunk with the samples
    name_length: int = 4
    alignment: int = 2
    counts_header: bool = False  # the length includes name and length
    prefix: int = 0  # bytes in front of the samples inside their chunk


LAYOUTS = {
    b"RIFF": Layout(12, "<I", b"data"),
    b"RF64": Layout(12, "<I", b"data"),
    b"BW64": Layout(12, "<I", b"data"),
    b"RIFX": Layout(12, ">I", b"data"),
    b"FORM": Layout(12, ">I", b"SSND", prefix=8),
    b"caff": Layout(8, ">q", b"data", alignment=1, prefix=4),
    b"riff": Layout(40, "<Q", b"data", name_length=16, alignment=8, counts_header=True),
}


def find_sound(file: BinaryIO) -> SoundBytes | None:
    """The extent of an open file's samples; None if it has another format or its chunks are inconsistent."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    magic = file.read(4)
    if magic == b".snd":
        return _of_au(file, size)
    if magic not in LAYOUTS:
        return None
    return _of_chunks(file, size, LAYOUTS[magic])


def _of_au(file: BinaryIO, size: int) -> SoundBytes | None:
    header = file.read(8)
    if len(header) < 8:
        return None
    first, length = struct.unpack(">II", header)
    return _extent(max(0, size - first), length)


def _of_chunks(file: BinaryIO, size: int, layout: Layout) -> SoundBytes | None:
    found: SoundBytes | None = None
    length_64, end = 0, 0
    for name, first, length in _chunks(file, size, layout):
        end = first + length + -length % layout.alignment
        if name == b"ds64":  # RF64: the lengths that do not fit 32 bits; the second is that of the samples
            file.seek(first + 8)
            length_64 = int.from_bytes(file.read(8), "little")
        elif name == layout.sound:
            is_long = length == LONGEST_32 and length_64 > 0
            end = first + length_64 + length_64 % 2 if is_long else end
            found = _extent(max(0, size - first - layout.prefix), (length_64 if is_long else length) - layout.prefix)
            if end >= size or found.is_open_ended:
                return found
    return replace(found, behind=max(0, size - end)) if found is not None else None


def _chunks(file: BinaryIO, size: int, layout: Layout) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and length of each valid chunk; only the one with the samples may extend past the end of the file."""
    place, head = layout.first, layout.name_length + struct.calcsize(layout.size)
    for _ in range(MOST_CHUNKS):
        file.seek(place)
        header = file.read(head)
        name = header[:4]
        if len(header) < head or name in MAGICS or not all(32 <= letter < 127 for letter in name):
            return
        length = struct.unpack(layout.size, header[layout.name_length :])[0] - layout.counts_header * head
        if name != layout.sound and not 0 <= length <= size - place - head:
            return
        yield name, place + head, length
        place += head + max(0, length) + -length % layout.alignment


def _extent(available: int, length: int) -> SoundBytes:
    """Compare the bytes available up to the end of the file with the length that the header gives."""
    if length <= 0 or (length > available and any(-0x10000 <= length - most <= 1 for most in OPEN_ENDED)):
        return SoundBytes(available, is_open_ended=True)
    return SoundBytes(min(available, length), missing=max(0, length - available))
