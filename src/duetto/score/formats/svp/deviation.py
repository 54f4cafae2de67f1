"""Pitch deviation of Synthesizer V, drawn as straight or smooth lines, as the steps that a score holds.

A curve is a flat list of position in blicks and cents; after its last point it keeps its value. Between two points
the line is followed every 5 ticks; smooth lines are taken as straight.
"""

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

from duetto.score.formats.limits import MAX_POINTS, fault, tick_within

STEP_TICKS = 5
MOST_BETWEEN = 2000  # steps between two points
MOST_SEMITONES = 24.0
DECIMALS = 6  # of a semitone: what rounding leaves of cents


def read_deviation(curve: dict[str, Any], offset: int, blicks_per_tick: int, path: Path) -> list[tuple[int, float]]:
    """Points (tick, semitones) where the deviation changes, in time order.

    Args:
        curve: `pitchDelta` of a group.
        offset: Where the group begins, in blicks.
        blicks_per_tick: Of the format.
        path: The file, for messages.

    Raises:
        ScoreError: If it holds something else than numbers, or more points than a song needs.
    """
    raw = curve.get("points")
    flat = raw if isinstance(raw, list) else []
    if len(flat) > 2 * MAX_POINTS:
        raise fault(path, f"has more than {MAX_POINTS} points of pitch, which no song needs")
    if not all(isinstance(value, int | float) and abs(value) < 2**62 for value in flat):
        raise fault(path, "has a point of pitch that is no number")  # NaN is below nothing
    corners = sorted(
        (tick_within(round((blicks + offset) / blicks_per_tick), path), _semitones(cents))
        for blicks, cents in zip(flat[::2], flat[1::2], strict=False)
    )
    points: list[tuple[int, float]] = []
    for (tick, value), (following, target) in pairwise(corners):
        _put(points, tick, value)
        step = max(STEP_TICKS, (following - tick) // MOST_BETWEEN)
        for between in range(tick + step, following, step) if value != target else ():
            _put(points, between, value + (target - value) * (between - tick) / (following - tick))
        if len(points) > MAX_POINTS:
            raise fault(path, f"has more than {MAX_POINTS} points of pitch, which no song needs")
    if corners:
        _put(points, *corners[-1])
    return points


def write_deviation(points: tuple[tuple[int, float], ...], blicks_per_tick: int) -> list[float]:
    """Steps as lines: a point at each, and one a tick before it that keeps the value until there."""
    flat: list[float] = []
    held, last = 0.0, -1
    for tick, semitones in points:
        if tick - 1 > last:
            flat += [(tick - 1) * blicks_per_tick, round(held * 100, DECIMALS)]
        flat += [tick * blicks_per_tick, round(semitones * 100, DECIMALS)]
        held, last = semitones, tick
    return flat


def _semitones(cents: float) -> float:
    return round(min(max(cents / 100, -MOST_SEMITONES), MOST_SEMITONES), DECIMALS) if math.isfinite(cents) else 0.0


def _put(points: list[tuple[int, float]], tick: int, value: float) -> None:
    if points and points[-1][0] == tick:
        points.pop()
    if value != (points[-1][1] if points else 0.0):
        points.append((tick, round(value, DECIMALS)))
