"""Work on a long signal piece by piece, with the same result: what a piece touches then stays in the cache.

Between the first layer and the last of a generator's stage, ten seconds of activations are some fifty megabytes, and
every layer would read and write them all; in pieces they stay near the processor (docs/results/rvc-speed).
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
