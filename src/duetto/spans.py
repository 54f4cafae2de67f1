"""Stretches of frames or samples, [first, last), and how they are found in flags."""

import numpy as np
from numpy.typing import NDArray

Span = tuple[int, int]  # first, and one past the last


def true_spans(flags: NDArray[np.bool_], least: int = 1) -> list[Span]:
    """Runs of true in flags (T,), in order, that are at least so long."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= least]
