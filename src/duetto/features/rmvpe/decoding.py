"""From the salience of 360 pitches to a contour.

Pitch i lies 20 * i cents above 31.7 Hz. The pitch of a frame is the mean of the nine about the strongest, weighted by
salience; a frame whose strongest pitch does not exceed the threshold is unvoiced.

Reference: Kim et al., "CREPE", ICASSP 2018 (the local mean); the constants are those of RVC WebUI.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from duetto.features.rmvpe.network import NUM_PITCHES

LOWEST_CENTS = 1997.3794084376191  # above 10 Hz
STEP_CENTS = 20.0
REFERENCE_HZ = 10.0
REACH = 4  # pitches on each side of the strongest
THRESHOLD = 0.03  # of the salience


def decode_salience(salience: NDArray[np.float32], threshold: float = THRESHOLD) -> NDArray[np.float64]:
    """The pitch of every frame.

    Args:
        salience: (T, 360), 0..1.
        threshold: The strongest pitch of a voiced frame exceeds it.

    Returns:
        (T,), Hz, 0.0 = unvoiced.
    """
    strongest = np.argmax(salience, axis=1)
    is_voiced = salience[np.arange(len(salience)), strongest] > threshold
    return np.where(is_voiced, mean_about(salience, strongest), 0.0)


def mean_about(salience: NDArray[np.float32], pitches: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean of the nine pitches about one, weighted by salience.

    Args:
        salience: (T, 360), 0 or more.
        pitches: Which one of each frame, (T,), 0..359.

    Returns:
        (T,), Hz; that of the pitch itself where nothing weighs.
    """
    cents = LOWEST_CENTS + STEP_CENTS * np.arange(NUM_PITCHES)
    padded = np.pad(salience.astype(np.float64), ((0, 0), (REACH, REACH)))  # beyond the edges nothing weighs
    weights = sliding_window_view(padded, 2 * REACH + 1, axis=1)[np.arange(len(salience)), pitches]
    around = sliding_window_view(np.pad(cents, REACH), 2 * REACH + 1)[pitches]
    total = weights.sum(axis=1)
    mean_cents = np.where(total > 0, (weights * around).sum(axis=1) / np.where(total > 0, total, 1.0), cents[pitches])
    return np.asarray(REFERENCE_HZ * 2.0 ** (mean_cents / 1200.0))
