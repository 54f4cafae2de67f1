"""Writes a pitch contour so that other programs open it and `read` reads it: by suffix, as that module says."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from duetto.conversion.curves.read import SUFFIXES
from duetto.errors import ConfigError
from duetto.storage.files import write_text


def require_writable_suffix(path: Path) -> None:
    """Refuse a file of unknown form.

    Raises:
        ConfigError: If so.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"f0_out={path}: expected a .csv (time,Hz), a label track .txt, or a .PitchTier of Praat.")


def write_curve(path: Path, times_s: NDArray[np.float64], f0_hz: NDArray[np.float32], duration_s: float) -> None:
    """Write a contour atomically.

    Args:
        path: With a suffix that `require_writable_suffix` knows.
        times_s: (T,), equally spaced.
        f0_hz: (T,), 0.0 = unvoiced.
        duration_s: Of the recording.

    Raises:
        StorageError: If it cannot be written.
    """
    kind = path.suffix.lower()
    points = list(zip(times_s.tolist(), f0_hz.tolist(), strict=True))
    voiced = [(time_s, hz) for time_s, hz in points if hz > 0]
    if kind == ".csv":
        lines = ["time_s,f0_hz", *(f"{time_s:.6f},{hz:.4f}" for time_s, hz in points)]
    elif kind == ".txt":
        half = (times_s[1] - times_s[0]) / 2 if len(times_s) > 1 else duration_s / 2
        lines = [f"{max(0.0, time_s - half):.6f}\t{time_s + half:.6f}\t{hz:.4f}" for time_s, hz in voiced]
    else:
        heading = ['File type = "ooTextFile"', 'Object class = "PitchTier"', "", "0", f"{duration_s:.6f}", len(voiced)]
        lines = [*map(str, heading), *(f"{time_s:.6f}\n{hz:.4f}" for time_s, hz in voiced)]
    write_text(path, "\n".join(lines) + "\n")
