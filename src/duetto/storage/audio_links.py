"""Ogg files that were joined end to end, where the parts differ in codec, rate or channels.

libav goes from one part to the next where they are alike and stops where they are not. Then the rest is opened as a
file of its own.
"""

import io
import mmap
from pathlib import Path
from typing import BinaryIO

FIRST_PAGE = b"OggS\0\2"  # capture pattern, version 0, flag "beginning of stream"; RFC 3533, section 6


def next_part(path: Path, after: int) -> int | None:
    """Where the next Ogg stream begins, in bytes from the start of the file; None if there is none."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        place = content.find(FIRST_PAGE, after)
    return place if place >= 0 else None


class RestOfFile:
    """A file from some byte on, as libav reads it."""

    def __init__(self, file: BinaryIO, begin: int) -> None:
        self.file, self.begin = file, begin
        file.seek(begin)

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        return self.file.read(size)

    def tell(self) -> int:
        """Position from the beginning of the rest."""
        return self.file.tell() - self.begin

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, and give the new position."""
        self.file.seek(offset + (self.begin if whence == io.SEEK_SET else 0), whence)
        return self.tell()
