"""Long audio in chunks whose frames are cross-faded, so that memory does not grow with the length.

Conventions: chunks have equal length in frames and overlap their neighbours by at least `overlap` frames; the last
one ends with the audio. Towards a neighbour, the outer `context` frames of a chunk are dropped (they saw too little of
what lies beyond) and the rest of the overlap is faded in or out.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.float32]


def chunk_starts(count: int, chunk: int, overlap: int) -> list[int]:
    """First frames of the chunks that cover `count` frames; [0] when one chunk is enough."""
    if count <= chunk:
        return [0]
    return [*range(0, count - chunk, chunk - overlap), count - chunk]


def encode_in_chunks(
    encode: Callable[[int, int], Frames], count: int, chunk: int, overlap: int, context: int = 0
) -> Frames:
    """Frames (count, D) from an encoder that is called with the first frame of a piece and the one after its last.

    Args:
        encode: (start, end) -> (end - start, D).
        count: Frames in all.
        chunk: Frames at once.
        overlap: Frames that neighbours share at least, below `chunk`.
        context: Frames dropped at each inner edge, below half of `overlap`.
    """
    if count <= chunk:
        return encode(0, count)
    sums, weights = None, np.zeros((count, 1), dtype=np.float32)
    for start in chunk_starts(count, chunk, overlap):
        end = start + chunk
        weight = _edge_weights(chunk, _ramp(overlap, context), fades_in=start > 0, fades_out=end < count)
        frames = encode(start, end) * weight
        if sums is None:
            sums = np.zeros((count, frames.shape[1]), dtype=np.float32)
        sums[start:end] += frames
        weights[start:end] += weight
    assert sums is not None
    return sums / weights


def _ramp(overlap: int, context: int) -> Frames:
    fade = overlap - 2 * context
    return np.pad((np.arange(fade, dtype=np.float32) + 0.5) / fade, (context, 0))


def _edge_weights(chunk: int, ramp: Frames, fades_in: bool, fades_out: bool) -> Frames:
    weights = np.ones(chunk, dtype=np.float32)
    if fades_in:
        weights[: len(ramp)] = ramp
    if fades_out:
        weights[-len(ramp) :] = ramp[::-1]
    return weights[:, None]
