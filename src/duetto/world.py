"""The WORLD vocoder's analysis, with one floor of pitch for all of it; this is the only place that imports pyworld.

CheapTrick takes every frame that is lower than its floor for one of 500 Hz, so that a tracker that goes lower than the
envelope makes a bass's timbre one of noise. Whoever analyses a voice does it with these numbers.

Reference: Morise et al., IEICE Transactions E99-D(7), 2016; CheapTrick: Speech Communication 67, 2015.
"""

import warnings
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

F0_FLOOR_HZ = 54.0  # just below a bass's lowest note (A1, 55 Hz)
F0_CEIL_HZ = 1200.0  # above a soprano's C6 (1047 Hz)


def import_world() -> ModuleType:
    """`pyworld`, without its warning: it still imports pkg_resources, whose deprecation is not the user's concern."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyworld
    return pyworld


def envelope_size(sample_rate: int) -> int:
    """Length of the FFT behind an envelope: n_fft, a power of two."""
    return int(import_world().get_cheaptrick_fft_size(sample_rate, F0_FLOOR_HZ))


def power_envelope(
    samples: NDArray[np.float64], f0_hz: NDArray[np.float64], times_s: NDArray[np.float64], sample_rate: int
) -> NDArray[np.float64]:
    """Power spectrum freed of its harmonics (CheapTrick).

    Args:
        samples: (S,).
        f0_hz: Pitch that sets the windows, (T,); 0.0 is analysed as 500 Hz.
        times_s: Middle of each frame, (T,).
        sample_rate: Hz.

    Returns:
        (T, n_fft // 2 + 1), linear.
    """
    power: NDArray[np.float64] = import_world().cheaptrick(samples, f0_hz, times_s, sample_rate, f0_floor=F0_FLOOR_HZ)
    return power


def aperiodicity(
    samples: NDArray[np.float64], f0_hz: NDArray[np.float64], times_s: NDArray[np.float64], sample_rate: int
) -> NDArray[np.float64]:
    """Share of noise in each band (D4C), (T, n_fft // 2 + 1), 0 to 1; arguments as for `power_envelope`.

    The tracker alone decides what is voiced: D4C's own test, which would turn breathy voices into whispers, is off.
    """
    size = envelope_size(sample_rate)
    share: NDArray[np.float64] = import_world().d4c(samples, f0_hz, times_s, sample_rate, threshold=0.0, fft_size=size)
    return share
