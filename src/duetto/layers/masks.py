"""Masks of the real frames in a padded batch, and segments cut out of each utterance.

Conventions: B utterances, C channels, T frames. A mask is 1.0 in real frames and 0.0 in padding, shape (B, 1, T).
"""

import torch
from torch import Tensor


def sequence_mask(lengths: Tensor, num_frames: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """1.0 in the first `lengths[b]` frames of utterance b, 0.0 in its padding.

    Args:
        lengths: Real frames of every utterance, (B,), 0..num_frames.
        num_frames: Frames T of the padded batch.
        dtype: Type of the mask.

    Returns:
        Mask, (B, 1, T).
    """
    positions = torch.arange(num_frames, device=lengths.device)
    return (positions[None, None, :] < lengths[:, None, None]).to(dtype)


def slice_segments(values: Tensor, starts: Tensor, length: int) -> Tensor:
    """Pieces of a given length along the last axis, beginning at `starts[b]` in row b.

    Args:
        values: (B, ..., T).
        starts: First index of every piece, (B,), 0..T - length.
        length: Length of the pieces.

    Returns:
        Pieces, (B, ..., length).

    Raises:
        ValueError: If a piece would leave the row.
    """
    if length > values.shape[-1] or int(starts.min()) < 0 or int(starts.max()) + length > values.shape[-1]:
        raise ValueError(f"pieces of {length} from {starts.tolist()} leave rows of {values.shape[-1]}")
    return torch.stack([row[..., start : start + length] for row, start in zip(values, starts.tolist(), strict=True)])


def random_segment_starts(lengths: Tensor, segment_frames: int, generator: torch.Generator | None = None) -> Tensor:
    """Uniformly drawn first frames of segments that end within their utterances.

    An utterance shorter than the segment starts at 0; its segment then runs into the padding.

    Args:
        lengths: Real frames of every utterance, (B,).
        segment_frames: Frames of a segment.
        generator: Source of randomness; None = torch's global one.

    Returns:
        First frames, (B,), int64.
    """
    choices = (lengths - segment_frames + 1).clamp(min=1)
    device = generator.device if generator is not None else lengths.device
    draws = torch.rand(lengths.shape, generator=generator, device=device).to(lengths.device)
    return (draws * choices).long().minimum(choices - 1)
