"""Processes a long signal piece by piece, with the same result, so that the activations stay in the processor's cache.

Inside a stage of a generator, the activations of ten seconds take some fifty megabytes, which every layer would read
from and write to main memory; those of a piece fit into the cache (docs/results/rvc-speed).
"""

from collections.abc import Callable

import torch
from torch import Tensor

PIECE_VALUES = 2**20  # activations of a layer that are worked on at once: 4 MiB


def in_pieces(
    function: Callable[[Tensor, Tensor | None], Tensor],
    x: Tensor,
    side: Tensor | None,
    rate: int,
    margin: int,
    piece_frames: int,
) -> Tensor:
    """`function(x, side)`, computed over pieces of time.

    Args:
        function: From (B, C, T) and (B, D, T * rate) to (B, D, T * rate); an output frame may depend on inputs at
            most `margin` frames away, and `function` pads the ends of its input with zeros where it needs more.
        x: (B, C, T).
        side: (B, D, T * rate), or None.
        rate: Output frames per input frame.
        margin: Input frames.
        piece_frames: Input frames of a piece, at least 1.

    Returns:
        (B, D, T * rate).
    """
    num_frames = x.shape[-1]
    pieces = []
    for start in range(0, num_frames, piece_frames):
        end = min(start + piece_frames, num_frames)
        first, last = max(start - margin, 0), min(end + margin, num_frames)
        part = None if side is None else side[..., first * rate : last * rate]
        result = function(x[..., first:last], part)
        pieces.append(result[..., (start - first) * rate : (end - first) * rate])
    return torch.cat(pieces, dim=-1)
