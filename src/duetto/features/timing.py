"""Time grids of the features: centred, or skewed as for the training of public RVC weights.

Frame t stands for the samples from t * hop to (t + 1) * hop, and its spectrum is centred between them. `centred` takes
content and pitch there too. `upstream` takes what RVC's own pipeline takes, on its three grids: pitch at the frame's
start, 5 ms early, and content of one HuBERT unit for two frames: the unit that is centred 12.5 ms after the first
of them starts, so 7.5 ms late for that frame and 2.5 ms early for the other. A network has learned to undo whichever it
was trained with, so a voice says in its card which one that was. Neither changes a length.

`upstream_units` is Diff-SVC's: pitch at the frame's centre, and of the content a whole unit for every frame, dealt out
so that a unit goes to frames about half a unit late (11 ms at 44.1 kHz).

References: upstream Diff-SVC; upstream RVC (its pitch trackers' hop of 160 samples at 16 kHz, HuBERT's 320, nearest
interpolation by two).
"""

import numpy as np
from numpy.typing import NDArray

from duetto.features.frames import frame_centres_s, interpolate_rows

UPSTREAM, UPSTREAM_UNITS = "upstream", "upstream_units"  # any other timing is "centred"
FRAMES_PER_UNIT = 2  # upstream repeats every unit of 20 ms


def pitch_times_s(count: int, hop_length: int, sample_rate: int, timing: str) -> NDArray[np.float64]:
    """When the pitch of frames 0 to count - 1 is taken, (T,), s."""
    if timing == UPSTREAM:
        return np.arange(count) * hop_length / sample_rate
    return frame_centres_s(count, hop_length, sample_rate)


def place_content(
    rows: NDArray[np.float32],
    times_s: NDArray[np.float64],
    count: int,
    hop_length: int,
    sample_rate: int,
    timing: str,
) -> NDArray[np.float32]:
    """An encoder's units on the frame grid.

    Args:
        rows: Units, (U, D).
        times_s: Their centres, (U,), s.
        count: T.
        hop_length: Samples a frame.
        sample_rate: Hz.
        timing: `centred`: linear between units at the frames' centres. `upstream`: unit t // 2, the
            last one held.
            `upstream_units`: as `deal_units` says.

    Returns:
        (T, D), float32.
    """
    if timing == UPSTREAM:
        return rows[np.minimum(np.arange(count) // FRAMES_PER_UNIT, len(rows) - 1)]
    if timing == UPSTREAM_UNITS:
        return rows[deal_units(count, len(rows)) - 1]
    return interpolate_rows(rows, times_s, frame_centres_s(count, hop_length, sample_rate))


def deal_units(count: int, num_units: int) -> NDArray[np.int64]:
    """Diff-SVC's unit for every frame, (T,), counted from 1: a unit ends at its rounded end, that frame included."""
    ratio = count / num_units
    ends = (np.arange(num_units) * ratio + ratio + 0.5).astype(np.int64)  # last frame of each unit
    return np.minimum(np.searchsorted(ends, np.arange(count)) + 1, num_units)
