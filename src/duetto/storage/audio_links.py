"""Ogg files that were joined end to end, where the parts differ in codec, rate or channels.

libav continues with the next part if it is alike, and stops if it is not. The rest is then opened as a separate file.
"""

import io
import mmap
from pathlib import Path
from typing import BinaryIO

FIRST_PAGE = b"OggS\0\2"  # capture pattern, version 0, flag "beginning of stream"; RFC 3533, section 6


def next_part(path: Path, after: int) -> int | None:
    """Offset of the next Ogg stream, in bytes from the start of the file; None if there is none."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        place = content.find(FIRST_PAGE, after)
    return place if place >= 0 else None


class RestOfFile:
    """A file-like view of a file from a given byte on, for libav."""

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
        """Move to a position, and return it."""
        self.file.seek(offset + (self.begin if whence == io.SEEK_SET else 0), whence)
        return self.tell()
