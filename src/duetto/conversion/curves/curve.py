"""A pitch contour that a user drew.

Conventions: times in s from the start of the recording; `f0_hz` in Hz, 0.0 where unvoiced. It is the pitch of the
source, before any transposition.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from duetto.errors import ConfigError

Times = NDArray[np.float64]
SLACK_S = 0.5  # by which a contour may end before or after its recording


@dataclass(frozen=True)
class PitchCurve:
    """A contour over one recording."""

    path: Path  # the file that it came from
    value_at: Callable[[Times], NDArray[np.float64]]  # times (T,) -> Hz (T,)
    last_s: float  # of what it describes
    is_complete: bool  # False: unvoiced ends are not in the file, so it may end long before the recording
    has_voicing: bool  # False: it is voiced everywhere, and the recording's own voicing counts

    def at(self, times_s: Times, tracked_hz: NDArray[np.float32]) -> NDArray[np.float32]:
        """The contour at any times.

        Args:
            times_s: (T,).
            tracked_hz: What the tracker found there, (T,); only its voicing is used, and only where the file has none.
        """
        f0_hz = self.value_at(times_s)
        return (f0_hz if self.has_voicing else np.where(tracked_hz > 0, f0_hz, 0.0)).astype(np.float32)

    def require_length(self, duration_s: float) -> None:
        """Refuse a contour of another recording.

        Args:
            duration_s: The recording's.

        Raises:
            ConfigError: If the contour ends more than half a second before or after it.
        """
        is_short = self.is_complete and self.last_s < duration_s - SLACK_S
        if is_short or self.last_s > duration_s + SLACK_S:
            raise ConfigError(
                f"f0={self.path} ends at {self.last_s:.2f} s, but the recording lasts {duration_s:.2f} s. Give the "
                "contour of this recording; f0_out=FILE.csv writes it."
            )


def through_points(times_s: Times, f0_hz: NDArray[np.float64], times: Times) -> NDArray[np.float64]:
    """Values between points: geometric between two voiced ones, else that of the nearest; held beyond the ends.

    Args:
        times_s: Of the points, (P,), rising.
        f0_hz: Their values, (P,), 0.0 = unvoiced.
        times: Wanted, (T,).
    """
    right = np.clip(np.searchsorted(times_s, times), 1, max(1, len(times_s) - 1)) if len(times_s) > 1 else None
    if right is None:
        return np.full(len(times), f0_hz[0])
    left = right - 1
    share = np.clip((times - times_s[left]) / (times_s[right] - times_s[left]), 0.0, 1.0)
    low, high = f0_hz[left], f0_hz[right]
    glides = (low > 0) & (high > 0)
    logs = np.log2(np.where(glides, low, 1.0)) * (1 - share) + np.log2(np.where(glides, high, 1.0)) * share
    return np.where(glides, np.exp2(logs), np.where(share < 0.5, low, high))


def within_labels(starts_s: Times, ends_s: Times, f0_hz: NDArray[np.float64], times: Times) -> NDArray[np.float64]:
    """The value of the label that a time lies in, 0.0 between labels; labels (P,) do not overlap."""
    label = np.searchsorted(starts_s, times, side="right") - 1
    is_inside = (label >= 0) & (times <= ends_s[np.maximum(label, 0)])
    return np.where(is_inside, f0_hz[np.maximum(label, 0)], 0.0)
