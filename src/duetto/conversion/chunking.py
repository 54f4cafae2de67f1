"""Cutting long audio at quiet points, so that memory stays flat and no seam is heard.

Each chunk is converted with context on both sides; the context is thrown away except for a short
overlap, over which neighbours are cross-faded with equal gain. The sum of all pieces is exactly as
long as the whole.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from duetto.audio import Waveform

CONTEXT_S = 0.5  # audio on each side that a chunk sees and does not keep
SEARCH_SHARE = 0.25  # the cut is looked for in the last quarter of the longest chunk
FADE_S = 0.02  # cross-fade at a seam


@dataclass(frozen=True)
class Chunk:
    """A piece of the frame axis: `read` is what is converted, `keep` what is its own."""

    read_start: int
    read_stop: int
    keep_start: int
    keep_stop: int


def plan_chunks(waveform: Waveform, sample_rate: int, hop_length: int, chunk_s: float) -> tuple[Chunk, ...]:
    """Divide T = S / hop_length frames into chunks of at most `chunk_s`, cut where it is quietest.

    Args:
        waveform: (S,), S a multiple of `hop_length`.
        sample_rate: Hz.
        hop_length: Samples a frame.
        chunk_s: Longest own part of a chunk, seconds.

    Returns:
        Chunks in order; their own parts tile [0, T) without gap.
    """
    num_frames = len(waveform) // hop_length
    energy = np.square(waveform[: num_frames * hop_length].reshape(num_frames, hop_length)).mean(axis=1)
    longest = max(int(chunk_s * sample_rate / hop_length), 1)
    context = int(CONTEXT_S * sample_rate / hop_length)
    cuts = [0]
    while num_frames - cuts[-1] > longest:
        first = cuts[-1] + int(longest * (1 - SEARCH_SHARE))
        window = energy[first : cuts[-1] + longest + 1]
        cuts.append(first + int(np.argmin(window)) if len(window) else cuts[-1] + longest)
    cuts.append(num_frames)
    return tuple(
        Chunk(max(start - context, 0), min(stop + context, num_frames), start, stop) for start, stop in pairwise(cuts)
    )


def join_chunks(pieces: list[tuple[Chunk, Waveform]], num_samples: int, sample_rate: int, hop_length: int) -> Waveform:
    """Cross-fade converted pieces into one waveform (num_samples,).

    Args:
        pieces: Each chunk with the waveform of its whole `read` range.
        num_samples: Length of the result.
        sample_rate: Hz.
        hop_length: Samples a frame.
    """
    output = np.zeros(num_samples, np.float32)
    half = int(FADE_S * sample_rate) // 2
    for chunk, piece in pieces:
        offset = chunk.read_start * hop_length
        start = max(chunk.keep_start * hop_length - half, offset) if chunk.keep_start else 0
        stop = min(chunk.keep_stop * hop_length + half, offset + len(piece), num_samples)
        own = piece[start - offset : stop - offset] * _fades(chunk, start, stop, half, num_samples, hop_length)
        output[start:stop] += own
    return output


def _fades(chunk: Chunk, start: int, stop: int, half: int, num_samples: int, hop_length: int) -> NDArray[np.float32]:
    positions = np.arange(start, stop)
    gain = np.ones(stop - start, np.float32)
    if chunk.keep_start:
        gain *= np.clip((positions - (chunk.keep_start * hop_length - half)) / (2 * half), 0, 1).astype(np.float32)
    if chunk.keep_stop * hop_length < num_samples:
        gain *= np.clip((chunk.keep_stop * hop_length + half - positions) / (2 * half), 0, 1).astype(np.float32)
    return gain
