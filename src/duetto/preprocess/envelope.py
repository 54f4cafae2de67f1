"""The envelope of a gate between open and closed.

The gain changes linearly in dB: it rises before a sound (with look-ahead, the gate is open when the sound begins) and
falls after it. The noise gate and the noise reduction of the hobby study both work this way.
"""

import numpy as np
from numpy.typing import NDArray


def closing_depth(
    is_open: NDArray[np.bool_], attack: float, hold: float, decay: float, lookahead: float = 0.0
) -> NDArray[np.float32]:
    """How far a gate is closed at each instant: 0 = open, 1 = closed.

    Args:
        is_open: Where the sound opens the gate, time along the first axis.
        attack: Instants that opening takes; they lie before the sound.
        hold: Instants for which the gate stays open after the sound.
        decay: Instants that closing takes; they follow the hold.
        lookahead: Instants for which the sound is looked for after the hold; where it returns within them, the gate
            does not begin to close.

    Returns:
        The shape of `is_open`.
    """
    num_instants = len(is_open)
    instant = np.arange(num_instants, dtype=np.float32).reshape(-1, *[1] * (is_open.ndim - 1))
    never = np.float32(np.inf)
    previous = np.maximum.accumulate(np.where(is_open, instant, -never), axis=0)
    following = np.minimum.accumulate(np.where(is_open, instant, never)[::-1], axis=0)[::-1]
    falling = np.maximum(instant - previous - np.float32(hold), 0) / np.float32(max(decay, 1e-6))
    rising = (following - instant) / np.float32(max(attack, 1e-6))
    depth = np.minimum(np.minimum(falling, rising), np.float32(1))
    return np.where(following - previous - np.float32(hold) <= lookahead, np.float32(0), depth)
