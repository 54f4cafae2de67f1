"""What was not read of a compressed file: damaged packets, bytes between and after them, and missing length.

Bytes are converted to seconds at the rate of those that were read, which is accurate to a few per cent.
"""

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duetto.storage.audio_file import Unread

LEAST_BITS_PER_S = 500  # silence in AAC needs four times as many; a file with fewer is hostile
GRACE_S = 10.0
TOLERANCE_S = 0.1  # codecs add or remove some hundredths
LEAST_S = 0.001
LARGEST_PACKET = {"mp3float": 1441, "mp3": 1441, "mp2": 1729, "aac": 8191}  # bytes, by codec
GAPLESS = frozenset({"mp3", "aac", "ac3", "eac3", "amr"})  # formats that are a plain sequence of packets
COUNTED = frozenset(
    {"aiff", "ape", "asf", "au", "caf", "flac", "iff", "matroska", "mov", "tta", "voc", "w64", "wav", "wv"}
)
TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN")
SEARCHED_BYTES = 2**12  # bytes searched for a tag outside packets
ID3_HEADER = 10  # bytes
XING_WITHIN = 200  # bytes from the beginning of the first frame
HAS_FRAMES, HAS_BYTES = 1, 2  # flags of a Xing header
LONG_FRAME, SHORT_FRAME, LEAST_LONG_RATE = 1152, 576, 32_000  # samples of a frame of MPEG-1 and MPEG-2, Hz


@dataclass
class PacketCount:
    """Statistics of a stream's packets."""

    largest: int  # bytes of a packet; anything beyond is damaged data read together with it
    seconds: float = 0.0  # decoded
    packets: int = 0
    damaged: int = 0
    packets_s: float = 0.0  # by the packets' own durations
    jumped_s: float = 0.0  # gaps between time stamps
    next_s: float = 0.0  # expected time stamp of the next packet
    packet_bytes: int = 0
    end: int = 0  # offset of the last packet's end
    gaps: list[tuple[int, int]] = field(default_factory=list)  # first and last byte outside packets, or too large
    error: str = ""  # the last one
    is_broken: bool = False  # the data after the last packet are not a packet

    def add(self, position: int | None, size: int, at_s: float | None, seconds: float) -> None:
        """Count a packet; one without bytes only marks the end of the stream."""
        if not size:
            return
        if at_s is not None:
            self.jumped_s += max(0.0, at_s - self.next_s) if self.packets else 0.0
            self.next_s = at_s + seconds
        if position is not None and self.packets and position > self.end:
            self.gaps.append((self.end, position))
        self.packets += 1
        self.packets_s += seconds
        if size > self.largest:
            self.gaps.append((position or 0, (position or 0) + size))
        else:
            self.packet_bytes += size
        self.end = max(self.end, (position or 0) + size)

    def is_damaged(self, error: str) -> None:
        """Note that a packet cannot be decoded."""
        self.damaged += 1
        self.error = error

    def breaks_off(self, error: str) -> None:
        """Note that no further packet is found."""
        self.is_broken = True
        self.error = error


def longest_possible_s(path: Path) -> float:
    """Upper limit of the seconds that a file of this size can hold."""
    return GRACE_S + 8 * path.stat().st_size / LEAST_BITS_PER_S


def unread_packets(path: Path, container: Any, stream: Any, count: PacketCount, begin: int = 0) -> list[Unread]:
    """What was not read of a stream after its end.

    Args:
        path: The file.
        container: libav's.
        stream: The one that was read.
        count: Its packets.
        begin: Offset of the container in the file.
    """
    formats = frozenset(container.format.name.split(","))
    damaged_s = count.damaged * count.seconds / max(1, count.packets - count.damaged)
    stray = list(count.gaps) if formats & GAPLESS else []
    if formats & GAPLESS or count.is_broken:
        stray.append((begin + count.end, path.stat().st_size))
    stray_s = _sound_bytes(path, stray) * count.seconds / max(1, count.packet_bytes)
    promised_s = _promised_s(path, container, stream, count, formats)
    is_possible = promised_s <= longest_possible_s(path)  # else the header is wrong
    why = f" ({count.error})" if count.error else ""
    found = [
        Unread(damaged_s + stray_s, f"is damaged{why}: about as much of it could not be decoded"),
        Unread(
            promised_s - count.seconds - damaged_s - stray_s if is_possible else 0.0,
            "breaks off or is damaged: its header promises more",
        ),
    ]
    if sum(max(0.0, entry.seconds) for entry in found) < TOLERANCE_S:
        return []
    return [entry for entry in found if entry.seconds > LEAST_S]


def _sound_bytes(path: Path, spans: list[tuple[int, int]]) -> int:
    """Total bytes of spans of a file, without tags, which may begin right after a packet's data."""
    total = 0
    with path.open("rb") as file:
        for first, last in spans:
            file.seek(first)
            start = file.read(min(SEARCHED_BYTES, max(0, last - first)))
            place = start.find(b"ID3")
            tag = _skip_id3(start[place:]) if place >= 0 else 0
            total += 0 if start.startswith(TAGS) else max(0, last - first - tag)
    return total


def _promised_s(path: Path, container: Any, stream: Any, count: PacketCount, formats: frozenset[str]) -> float:
    """The length stored in the file, s; 0 if libav's value can only be an estimate."""
    if "mp3" in formats:
        return _xing_s(path, int(stream.rate), count.seconds)
    if "ogg" in formats:
        return count.packets_s + count.jumped_s
    if not formats & COUNTED:
        return 0.0
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return float(container.duration or 0) / 1e6 if len(container.streams) == 1 else 0.0


def _xing_s(path: Path, sample_rate: int, seconds: float) -> float:
    """Length of an MP3 whose Xing header gives more bytes than there are, or only frames, s; 0 if it gives neither."""
    with path.open("rb") as file:
        begin = _skip_id3(file.read(ID3_HEADER))
        file.seek(begin)
        start = file.read(XING_WITHIN)
    place = max(start.find(b"Xing"), start.find(b"Info"))
    if place < 0 or place + 16 > len(start):
        return 0.0
    flags, first, second = struct.unpack_from(">III", start, place + 4)
    if flags & HAS_BYTES:
        promised, present = second if flags & HAS_FRAMES else first, path.stat().st_size - begin
        if promised <= present:
            return 0.0
        if not flags & HAS_FRAMES:
            return seconds * promised / present
    frame = LONG_FRAME if sample_rate >= LEAST_LONG_RATE else SHORT_FRAME
    return first * frame / sample_rate if flags & HAS_FRAMES else 0.0


def _skip_id3(header: bytes) -> int:
    """Offset of the first frame, after any ID3 tag in these first bytes."""
    if len(header) < ID3_HEADER or not header.startswith(b"ID3"):
        return 0
    return ID3_HEADER + sum(byte << 7 * place for place, byte in enumerate(reversed(header[6:10])))
