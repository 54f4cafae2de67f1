"""Reads pitch contours: `time,Hz` (as RVC WebUI's f0 file), Audacity's label tracks, Praat's PitchTiers.

The suffix says which: .csv; .txt (start, end and Hz, with tabs); .PitchTier (Praat's text files, long or short).
"""

import re
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from duetto.conversion.curves.curve import PitchCurve, through_points, within_labels
from duetto.errors import ConfigError

LOWEST_HZ, HIGHEST_HZ = 20.0, 4000.0
MOST_BYTES = 50_000_000  # an hour in steps of 1 ms
NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
SUFFIXES = (".csv", ".txt", ".pitchtier")
Rows = NDArray[np.float64]


def read_curve(path: Path) -> PitchCurve:
    """A contour from a file.

    Raises:
        ConfigError: If the file is missing, has another form, or holds what cannot be a pitch; names line and remedy.
    """
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        raise ConfigError(f"f0={path}: expected a .csv (time,Hz), a label track .txt, or a .PitchTier of Praat.")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ConfigError(f"f0={path} is larger than {MOST_BYTES // 10**6} MB; give steps of 1 ms or more.")
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"f0={path} cannot be read as text ({error}). Give a contour as f0_out writes it.") from error
    if kind == ".csv":
        rows = _rows(path, text, ",", 2, "time,Hz")
        value_at = partial(through_points, _rising(path, rows[:, 0]), _pitches(path, rows[:, 1]))
        return PitchCurve(path, value_at, float(rows[-1, 0]), is_complete=True, has_voicing=True)
    if kind == ".txt":
        return _labels(path, _rows(path, text, "\t", 3, "start, end and Hz with tabs between them"))
    return _tier(path, text)


def _labels(path: Path, rows: Rows) -> PitchCurve:
    starts, ends = _rising(path, rows[:, 0]), rows[:, 1]
    crossed = np.flatnonzero((ends < starts) | (ends > np.append(starts[1:] + 1e-6, np.inf)))
    if crossed.size:
        raise ConfigError(
            f"f0={path}: label {crossed[0] + 1} ends before it starts, or after the next one does. Export the "
            "label track again, with labels that do not overlap."
        )
    value_at = partial(within_labels, starts, ends, _pitches(path, rows[:, 2]))
    return PitchCurve(path, value_at, float(ends[-1]), is_complete=False, has_voicing=True)


def _tier(path: Path, text: str) -> PitchCurve:
    is_tier = '"PitchTier"' in text[:200]
    numbers = [float(each) for each in NUMBER.findall(re.sub(r"\[\d+\]", "", text.partition('"PitchTier"')[2]))]
    # start, end, how many points, then time and Hz of each
    if not is_tier or len(numbers) < 5 or numbers[2] * 2 != len(numbers) - 3:
        raise ConfigError(f"f0={path} is no PitchTier with points. In Praat: Save as text file, or as short text file.")
    rows = np.array(numbers[3:]).reshape(-1, 2)
    value_at = partial(through_points, _rising(path, rows[:, 0]), _pitches(path, rows[:, 1]))
    return PitchCurve(path, value_at, numbers[1], is_complete=True, has_voicing=False)


def _rows(path: Path, text: str, separator: str, columns: int, form: str) -> Rows:
    lines = [line.strip() for line in text.splitlines()]
    rows: list[list[float]] = []
    for number, line in enumerate(lines, start=1):
        cells = line.split(separator)
        if not line or (not rows and re.match("[A-Za-z_]+[^0-9]*$", cells[0]) and cells[0].lower() != "nan"):
            continue  # blank, or a heading
        try:
            rows.append([float(cell) for cell in cells])
        except ValueError:
            rows.append([])
        if len(rows[-1]) != columns:
            raise ConfigError(f"f0={path}, line {number}: expected {form}, such as f0_out=FILE{path.suffix} writes.")
    if not rows:
        raise ConfigError(f"f0={path} holds no line of {form}. Write one with f0_out=FILE{path.suffix} and edit it.")
    return np.array(rows)


def _rising(path: Path, times_s: Rows) -> Rows:
    wrong = np.flatnonzero(~(np.diff(times_s, prepend=-1e-9) > 0))
    if wrong.size:
        raise ConfigError(
            f"f0={path}: time {times_s[wrong[0]]:g} s of point {wrong[0] + 1} is negative or does not come after the "
            "one before. Sort the points by time and leave out doubles."
        )
    return times_s


def _pitches(path: Path, f0_hz: Rows) -> Rows:
    wrong = np.flatnonzero(~((f0_hz == 0) | ((f0_hz >= LOWEST_HZ) & (f0_hz <= HIGHEST_HZ))))
    if wrong.size:
        raise ConfigError(
            f"f0={path}: point {wrong[0] + 1} has {f0_hz[wrong[0]]:g} Hz; expected {LOWEST_HZ:g} to {HIGHEST_HZ:g}, or "
            "0 where it is unvoiced."
        )
    return f0_hz
