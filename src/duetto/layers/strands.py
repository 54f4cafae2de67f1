"""Three-tap convolutions over time with a third fewer multiplications, for dilations that are powers of two.

Two neighbouring outputs of a three-tap convolution depend on four inputs; four products suffice for both instead of
six. The factors of a product are sums or differences of inputs, and of taps; the latter are computed once. Time is
stored in `STRANDS` strands (frame 16 q + r is value q of strand r), so that neighbours at every dilation are whole rows
in memory.

Notation: B utterances, C and D channels, T frames, R = `STRANDS`, Q = T / R rounded up.

Reference: Winograd, "Arithmetic Complexity of Computations", 1980, algorithm F(2, 3); Lavin and Gray, "Fast algorithms
for convolutional neural networks", 2016, section 4.1.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

STRANDS = 16
LARGEST_DILATION = STRANDS // 2  # a pair of outputs lies in two strands


def to_strands(x: Tensor) -> Tensor:
    """(B, C, T) -> (B, C, R, Q), zeros after the last frame."""
    padded = F.pad(x, (0, -x.shape[-1] % STRANDS))
    return padded.unflatten(-1, (-1, STRANDS)).transpose(-1, -2).contiguous()


def from_strands(x: Tensor, num_frames: int) -> Tensor:
    """(B, C, R, Q) -> (B, C, T)."""
    return x.transpose(-1, -2).flatten(2)[..., :num_frames]


def combine_taps(weight: Tensor) -> Tensor:
    """The factors of the four products: kernels (D, C, 3) -> (4, D, C)."""
    first, middle, last = weight.unbind(-1)
    ends = first + last
    return torch.stack([first, (ends + middle) / 2, (ends - middle) / 2, last])


def convolve_strands(x: Tensor, taps: Tensor, dilation: int) -> Tensor:
    """Convolution with zero padding, as long as its input.

    Args:
        x: (B, C, R, Q).
        taps: From `combine_taps`, (4, D, C).
        dilation: 1, 2, 4 or 8.

    Returns:
        (B, D, R, Q).
    """
    batch, channels, _, length = x.shape
    # blocks of `dilation` strands: the previous one, all of x, the next one
    wide = x.new_empty(batch, channels, STRANDS + 2 * dilation, length)
    wide[:, :, dilation:-dilation] = x
    wide[:, :, :dilation, 1:], wide[:, :, :dilation, 0] = x[:, :, -dilation:, :-1], 0.0
    wide[:, :, -dilation:, :-1], wide[:, :, -dilation:, -1] = x[:, :, :dilation, 1:], 0.0
    blocks = wide.unflatten(2, (-1, 2, dilation))
    before, here = blocks[:, :, :-1, 0], blocks[:, :, :-1, 1]
    beside, after = blocks[:, :, 1:, 0], blocks[:, :, 1:, 1]
    sums = x.new_empty(4, batch, channels, *before.shape[2:])
    torch.sub(before, beside, out=sums[0])
    torch.add(here, beside, out=sums[1])
    torch.sub(beside, here, out=sums[2])
    torch.sub(here, after, out=sums[3])
    products = torch.matmul(taps[:, None], sums.flatten(3)).unflatten(3, before.shape[2:])
    result = x.new_empty(batch, taps.shape[1], before.shape[2], 2, dilation, length)
    torch.add(products[1], products[2], out=result[:, :, :, 0]).add_(products[0])
    torch.sub(products[1], products[2], out=result[:, :, :, 1]).sub_(products[3])
    return result.flatten(2, 4)
