"""An encoder's units, found again in the content frames that were interpolated from them.

An encoder gives 40 to 50 units a second; the feature grid has about 100 frames a second, each a mixture of two
neighbouring units (`duetto.features.timing`). Where the grid is known, the frames determine the units, and fewer
than half as many rows say the same.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.sparse import csr_array

from duetto.features.content import find_encoder
from duetto.features.timing import FRAMES_PER_UNIT, UPSTREAM, UPSTREAM_UNITS
from duetto.settings.config import FeaturesConfig

LEAST_STEP = 1.5  # frames a unit below which finding them saves too little
RIDGE = 1e-6  # holds units that no frame shows; moves the others by less than float32 does
TOLERANCE = 1e-4  # of the largest value: what frames made from the found units may differ by
Frames = NDArray[np.float32]


@dataclass(frozen=True)
class UnitGrid:
    """Where units lie on the grid of frames."""

    first: float = 0.0  # frame at which unit 0 is centred
    step: float = 1.0  # frames from unit to unit
    is_held: bool = False  # frames repeat a unit; else they lie between two

    def places(self, num_frames: int, num_units: int) -> tuple[NDArray[np.int64], Frames]:
        """Unit before each frame (T,), and the share of the one after it (T,), 0 to 1."""
        position = np.clip((np.arange(num_frames) - self.first) / self.step, 0.0, num_units - 1.0)
        left = np.minimum(position.astype(np.int64), num_units - 1 if self.is_held else max(num_units - 2, 0))
        share = np.zeros(num_frames) if self.is_held or num_units == 1 else position - left
        return left, share.astype(np.float32)


EVERY_FRAME = UnitGrid()  # each frame is a unit of its own


def unit_grid(config: FeaturesConfig) -> UnitGrid:
    """The units of an encoder on the grid of frames; `EVERY_FRAME` where it is not known or saves little.

    Raises:
        ConfigError: If the content encoder does not exist.
    """
    times = find_encoder(config.content.encoder).unit_times_s
    if config.timing == UPSTREAM:
        return UnitGrid(0.0, FRAMES_PER_UNIT, is_held=True)
    if times is None or config.timing == UPSTREAM_UNITS:
        return EVERY_FRAME
    frame_rate = config.sample_rate / config.hop_length
    grid = UnitGrid(times[0] * frame_rate - 0.5, times[1] * frame_rate)
    return grid if grid.step >= LEAST_STEP else EVERY_FRAME


def find_units(frames: Frames, grid: UnitGrid) -> Frames | None:
    """The units (U, D) that frames (T, D) of one clip were made from; None where they lie on another grid."""
    if grid == EVERY_FRAME:
        return frames
    most = max(int((len(frames) - 1 - grid.first) // grid.step) + 2, 1)
    allowed = TOLERANCE * max(float(np.abs(frames).max()), 1e-6)
    for count in range(most, max(most - 3, 0), -1):  # an encoder may end before its clip; the last unit is held then
        left, share = grid.places(len(frames), count)
        units = _solve(frames, left, share, count)
        if float(np.abs(mix_units(units, left, share) - frames).max()) <= allowed:
            return units
    return None


def mix_units(units: Frames, left: NDArray[np.int64], share: Frames) -> Frames:
    """Frames (T, D) between the units `left` and `left + 1`; units (U, D)."""
    right = np.minimum(left + 1, len(units) - 1)
    return np.asarray(units[left] * (1 - share)[:, None] + units[right] * share[:, None], np.float32)


def _solve(frames: Frames, left: NDArray[np.int64], share: Frames, count: int) -> Frames:
    """Least squares; the normal equations have three diagonals."""
    rows = np.arange(len(frames))
    values = np.concatenate([1.0 - share.astype(np.float64), share])
    columns = np.concatenate([left, np.minimum(left + 1, count - 1)])
    weights = csr_array((values, (np.tile(rows, 2), columns)), shape=(len(frames), count))
    normal = weights.T @ weights
    bands = np.zeros((2, count))
    bands[1] = normal.diagonal() + RIDGE
    bands[0, 1:] = normal.diagonal(1)
    return np.asarray(solveh_banded(bands, weights.T @ frames), np.float32)
