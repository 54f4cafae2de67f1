"""Reads .ddb files, the sounds of a VOCALOID singer database, with or without the .ddi that names them.

A .ddb is a plain sequence of chunks. A sound is `SND `, u32 length of the whole chunk, u32 sample rate,
u16 channels, u32 id, then 16-bit PCM; all little-endian. The scanner looks for that tag and accepts
a header only if every field is plausible and the chunk lies within the file. Where two candidates
overlap, one that ends at another chunk or at the end of the file wins over one that does not.
No length is trusted: the file is read in windows, and memory does not grow with it.

Reading is meant for archives whose user has the right to extract them; `corpus.archive` requires a statement before it
opens one. Layout as found by the ddb-tools project.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from duetto.corpus.ddb.ddi import DdiSample, read_ddi
from duetto.errors import CorpusError
from duetto.storage.audio import Waveform

TAG = b"SND "
CHUNK_TAGS = (TAG, b"FRM2", b"ENV ")
HEADER = struct.Struct("<4sIIHI")
HEADER_BYTES = HEADER.size  # 18
MAX_CHANNELS = 2
MIN_RATE, MAX_RATE = 8_000, 192_000  # Hz
MAX_SOUND_S = 600.0  # longer than any phrase of a recording script
MAX_SEGMENTS = 200_000
MAX_TAGS = 1_000_000  # examined; one occurs by chance in 4 GiB, so a file with more is hostile
WINDOW_BYTES = 2**20
FULL_SCALE = 32_768.0


@dataclass(frozen=True)
class DdbSegment:
    """A sound of an archive."""

    offset: int  # bytes from the start of the file to the chunk
    sample_rate: int  # Hz
    num_samples: int  # per channel
    phones: tuple[str, ...] = ()  # () = unknown
    pitch: float | None = None  # unit of the .ddi; None = unknown
    num_channels: int = 1

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.num_samples / self.sample_rate

    @property
    def end(self) -> int:
        """Byte after the chunk."""
        return self.offset + HEADER_BYTES + 2 * self.num_channels * self.num_samples


@dataclass(frozen=True)
class DdbArchive:
    """The sounds of a .ddb in the file's order, and a report of problems."""

    path: Path
    segments: tuple[DdbSegment, ...]
    report: str = ""


def read_ddb(path: Path, ddi: Path | None = None) -> DdbArchive:
    """Find the sounds of an archive and name them.

    Args:
        path: The .ddb.
        ddi: Its tree; None = the file of the same name beside it, if it exists.

    Returns:
        All sounds, without overlaps. Without a readable tree they have no phones and no pitch.

    Raises:
        CorpusError: If a file is missing or cannot be read, or no sound is found.
    """
    segments = tuple(scan_ddb(path))
    if not segments:
        raise CorpusError(
            f"{path} holds no sound: no `SND ` chunk of 16-bit PCM was found. Expected the .ddb of a VOCALOID database."
        )
    tree_path = path.with_suffix(".ddi") if ddi is None else ddi
    if ddi is None and not tree_path.is_file():
        return DdbArchive(path, segments, f"There is no {tree_path.name}: the sounds have no names.")
    tree = read_ddi(tree_path)
    named, num_lost = _name(segments, tree.samples)
    lost = f"{num_lost} of {len(tree.samples)} entries of {tree_path.name} point at no sound." if num_lost else ""
    return DdbArchive(path, named, " ".join(sentence for sentence in (tree.report, lost) if sentence))


def scan_ddb(path: Path) -> Iterator[DdbSegment]:
    """Sounds of a file in order, found by their headers alone.

    Raises:
        CorpusError: If the file is missing or cannot be read, or holds more sounds than any database.
    """
    try:
        with path.open("rb") as file:
            for index, segment in enumerate(_without_overlap(_candidates(_Window(file, path.stat().st_size)))):
                if index >= MAX_SEGMENTS:
                    raise CorpusError(f"{path} holds more than {MAX_SEGMENTS} sounds, which no database has.")
                yield segment
    except OSError as error:
        raise CorpusError(f"{path} cannot be read ({error.strerror or error}).") from error


def read_segment(file: BinaryIO, segment: DdbSegment) -> Waveform:
    """Samples of a sound as mono float32, (num_samples,).

    Args:
        file: The .ddb, open for reading bytes.
        segment: A sound found in it.

    Raises:
        CorpusError: If the file has become shorter, or cannot be read.
    """
    num_bytes = segment.end - segment.offset - HEADER_BYTES
    try:
        file.seek(segment.offset + HEADER_BYTES)
        data = file.read(num_bytes)
    except OSError as error:
        raise CorpusError(
            f"The archive cannot be read at byte {segment.offset} ({error.strerror or error})."
        ) from error
    if len(data) < num_bytes:
        raise CorpusError(f"The archive ends within the sound at byte {segment.offset}: it was changed while reading.")
    samples = np.frombuffer(data, dtype="<i2").reshape(-1, segment.num_channels)
    return np.asarray(samples.mean(axis=1, dtype=np.float32) / np.float32(FULL_SCALE), dtype=np.float32)


class _Window:
    """A file that is read one window at a time."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file = file
        self.size = size
        self.start = 0
        self.data = b""

    def find(self, place: int) -> int:
        """First byte of the tag at or after a place; -1 = there is none."""
        while place <= self.size - HEADER_BYTES:
            self._show(place, HEADER_BYTES)
            found = self.data.find(TAG, place - self.start)
            if found >= 0:
                return self.start + found
            if len(self.data) < HEADER_BYTES:
                return -1
            place = self.start + len(self.data) - len(TAG) + 1
        return -1

    def header(self, place: int) -> bytes:
        """The bytes of a header; fewer at the end of the file."""
        self._show(place, HEADER_BYTES)
        return self.data[place - self.start : place - self.start + HEADER_BYTES]

    def is_chunk(self, place: int) -> bool:
        """Whether a chunk begins at a place, or the file ends there."""
        if place == self.size:
            return True
        if self.start <= place <= self.start + len(self.data) - len(TAG):
            return self.data[place - self.start : place - self.start + len(TAG)] in CHUNK_TAGS
        self.file.seek(place)
        return self.file.read(len(TAG)) in CHUNK_TAGS

    def _show(self, place: int, count: int) -> None:
        if self.start <= place and place + count <= self.start + len(self.data):
            return
        self.file.seek(place)
        self.start, self.data = place, self.file.read(WINDOW_BYTES)


@dataclass(frozen=True)
class _Candidate:
    segment: DdbSegment
    is_confirmed: bool  # another chunk or the end of the file follows


def _candidates(window: _Window) -> Iterator[_Candidate]:
    """Plausible headers; the content of a confirmed sound is skipped."""
    place = window.find(0)
    num_tags = 0
    while place >= 0:
        num_tags += 1
        if num_tags > MAX_TAGS:
            raise CorpusError(f"{window.file.name} holds more than {MAX_TAGS} sound headers, which no database has.")
        segment = _read_header(window.header(place), place, window.size)
        following = place + len(TAG)
        if segment is not None:
            is_confirmed = window.is_chunk(segment.end)
            yield _Candidate(segment, is_confirmed)
            following = segment.end if is_confirmed else following
        place = window.find(following)


def _read_header(header: bytes, offset: int, size: int) -> DdbSegment | None:
    if len(header) < HEADER_BYTES:
        return None
    _, length, sample_rate, num_channels, _ = HEADER.unpack(header)
    pcm_bytes = length - HEADER_BYTES
    if not 1 <= num_channels <= MAX_CHANNELS or not MIN_RATE <= sample_rate <= MAX_RATE:
        return None
    num_samples, rest = divmod(pcm_bytes, 2 * num_channels)
    if rest or not 0 < num_samples <= MAX_SOUND_S * sample_rate or offset + length > size:
        return None
    return DdbSegment(offset, sample_rate, num_samples, num_channels=num_channels)


def _without_overlap(candidates: Iterable[_Candidate]) -> Iterator[DdbSegment]:
    """Sounds without overlaps: each candidate is held back until no better one can begin within it."""
    held: DdbSegment | None = None
    for candidate in candidates:
        if held is not None and candidate.segment.offset >= held.end:
            yield held
            held = None
        if candidate.is_confirmed:
            yield candidate.segment
            held = None
        elif held is None:
            held = candidate.segment
    if held is not None:
        yield held


def _name(segments: tuple[DdbSegment, ...], samples: Iterable[DdiSample]) -> tuple[tuple[DdbSegment, ...], int]:
    """Sounds with the names of the entries that point into them, and the number of entries that point to none.

    Several entries may share a sound; the one with the most phones, the first among equals, names it.
    """
    offsets = [segment.offset for segment in segments]
    names: dict[int, DdiSample] = {}
    num_lost = 0
    for sample in samples:
        index = bisect_right(offsets, sample.position) - 1
        if index < 0 or sample.position >= segments[index].end:
            num_lost += 1
        elif index not in names or len(sample.phones) > len(names[index].phones):
            names[index] = sample
    named = [
        replace(segment, phones=names[index].phones, pitch=names[index].pitch) if index in names else segment
        for index, segment in enumerate(segments)
    ]
    return tuple(named), num_lost
