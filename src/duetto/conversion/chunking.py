"""Cuts a stream of audio at quiet points, so that memory is constant and seams are inaudible.

Each chunk is converted with context on both sides; the context is discarded except for a short overlap, over which
neighbours are cross-faded with equal gain. Together the pieces are exactly as long as the recording, padded to whole
frames.

The quietest frame is the one with the smallest sum of |x|, as in upstream RVC (Applio's |sum x| is small within any
steady tone).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from duetto.storage.audio import Waveform

CONTEXT_S = 0.5  # audio on each side that a chunk reads but does not keep
SEARCH_SHARE = 0.25  # the cut is placed in the last quarter of the longest chunk
FADE_S = 0.02  # cross-fade at a seam
MIN_FRAMES = 64  # shorter recordings are padded for the conversion


@dataclass(frozen=True)
class Chunk:
    """A piece of the frame axis: `read` is converted, including context, and `keep` is the chunk's own part."""

    read_start: int
    read_stop: int
    keep_start: int
    keep_stop: int
    is_last: bool


@dataclass(frozen=True)
class Grid:
    """The frames that chunks are counted in."""

    sample_rate: int  # Hz
    hop_length: int  # samples per frame

    def frames(self, seconds: float) -> int:
        """Whole frames in a duration."""
        return int(seconds * self.sample_rate / self.hop_length)


def cut_chunks(blocks: Iterable[Waveform], grid: Grid, chunk_s: float) -> Iterator[tuple[Chunk, Waveform]]:
    """Divide a stream into chunks of at most `chunk_s`, cut where it is quietest.

    Args:
        blocks: The waveform (S,) in order, in pieces of any size.
        grid: Rate and hop.
        chunk_s: Longest own part of a chunk, seconds.

    Yields:
        Each chunk with the samples of its whole `read` range. Own parts tile [0, T) without gaps, T = S / hop rounded
        up, at least `MIN_FRAMES`; samples beyond S are zeros. At most one chunk with its context is held in memory.
    """
    hop, longest, context = grid.hop_length, max(grid.frames(chunk_s), 1), grid.frames(CONTEXT_S)
    held, held_start, cut = np.zeros(0, np.float32), 0, 0  # held[0] is the first sample of frame `held_start`
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) // hop + held_start > cut + longest + context:
            stop = _quietest(held, cut - held_start, longest, hop) + held_start
            yield _piece(held, held_start, Chunk(max(cut - context, 0), stop + context, cut, stop, False), hop)
            kept_from = max(stop - context, 0)
            held, held_start, cut = held[(kept_from - held_start) * hop :], kept_from, stop
    num_frames = max(held_start - (-len(held) // hop), MIN_FRAMES)
    held = np.pad(held, (0, (num_frames - held_start) * hop - len(held)))
    while num_frames - cut > longest:
        stop = _quietest(held, cut - held_start, longest, hop) + held_start
        read_stop = min(stop + context, num_frames)
        yield _piece(held, held_start, Chunk(max(cut - context, 0), read_stop, cut, stop, False), hop)
        cut = stop
    yield _piece(held, held_start, Chunk(max(cut - context, 0), num_frames, cut, num_frames, True), hop)


def _quietest(held: Waveform, cut: int, longest: int, hop: int) -> int:
    """The quietest frame among the candidates for the next cut; counted, like `cut`, from the first frame held."""
    first = cut + int(longest * (1 - SEARCH_SHARE))
    first = max(first, cut + 1)
    window = held[first * hop : (cut + longest + 1) * hop]
    level = np.abs(window[: len(window) // hop * hop]).reshape(-1, hop).sum(axis=1)
    return first + int(np.argmin(level))


def _piece(held: Waveform, held_start: int, chunk: Chunk, hop: int) -> tuple[Chunk, Waveform]:
    return chunk, held[(chunk.read_start - held_start) * hop : (chunk.read_stop - held_start) * hop]


def join_pieces(pieces: Iterable[tuple[Chunk, Waveform]], grid: Grid) -> Iterator[Waveform]:
    """Cross-fade converted pieces into one stream.

    Args:
        pieces: Each chunk, in order, with the waveform of its whole `read` range.
        grid: Rate and hop.

    Yields:
        Blocks of T * hop samples in total.
    """
    half = int(FADE_S * grid.sample_rate) // 2
    rise = ((np.arange(2 * half) + 0.5) / (2 * half)).astype(np.float32)
    tail = np.zeros(0, np.float32)  # the end of the previous chunk, already faded out
    for chunk, piece in pieces:
        offset = chunk.read_start * grid.hop_length
        start = chunk.keep_start * grid.hop_length - (half if chunk.keep_start else 0)
        stop = chunk.keep_stop * grid.hop_length + (0 if chunk.is_last else half)
        own = np.array(piece[start - offset : stop - offset], np.float32)
        if chunk.keep_start:
            seam = min(2 * half, len(own), len(tail))  # shorter only at the end of the recording
            own[:seam] = own[:seam] * rise[:seam] + tail[:seam]
        if chunk.is_last:
            yield own
            return
        body = chunk.keep_stop * grid.hop_length - half - start
        tail = own[body:] * rise[::-1][: len(own) - body]
        yield own[:body]
