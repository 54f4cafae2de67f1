"""Room: reverberation time from the speed at which the level falls after singing stops.

At every end of singing the fall from 5 to 20 dB below the note's level is timed. A singer may let a note fade more
slowly than the room does but not faster, so the room is estimated from the fastest third of the falls. Five falls are
needed; times below 0.15 s are not resolved. A gate that cuts off tails hides the room. SRMR (Falk et al. 2010) was
tried, but it depends on tempo.

Predicts: conversions of dry sources sound reverberant; dereverberation leaves residue and cut-off tails (case B).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from duetto.diagnosis.finding import Finding, Place, graded, worst_places
from duetto.diagnosis.sound import FRAME_S, Heard
from duetto.spans import true_spans

FROM_DB, TO_DB = 5.0, 20.0  # limits of the timed fall, below the note's level
ABOVE_FLOOR_DB = 5.0  # the fall ends this far above the floor
BEFORE_S = 0.3  # the note's level is that of the loudest frame within this time before the fall
LEAST_PAUSE_S = 0.05
LONGEST_S = 1.0  # of a fall
FASTEST = 1 / 3  # quantile of the falls
LEAST_DECAYS = 5
WET_S, VERY_WET_S = 0.28, 0.5


@dataclass(frozen=True)
class RoomEvidence:
    """Reverberation times of single decays, s, and their places."""

    times_s: tuple[float, ...]
    places: tuple[Place, ...]


def measure(heard: Heard) -> RoomEvidence:
    """Measure the free decays of a sound."""
    found = find_decays(heard.level_db)
    places = tuple(heard.sound.frames_place((max(0, first - 60), first + 50)) for _, first in found)
    return RoomEvidence(tuple(time_s for time_s, _ in found), places)


def conclude(evidence: Sequence[RoomEvidence]) -> Finding:
    """Judge the room of a corpus by the fastest third of its decays."""
    times = np.array([time_s for item in evidence for time_s in item.times_s])
    rt60_s = float(np.quantile(times, FASTEST)) if len(times) else float("nan")
    numbers = {"rt60_s": rt60_s, "decays": float(len(times))}
    if len(times) < LEAST_DECAYS:
        return Finding("room", "unknown", f"{len(times)} falls of the level; {LEAST_DECAYS} are needed", numbers)
    what = f"reverberation time about {numbers['rt60_s']:.2f} s ({len(times)} falls)"
    severity = graded(numbers["rt60_s"], WET_S, VERY_WET_S)
    if severity == "fine":
        return Finding("room", severity, what, numbers)
    places = [place for item in evidence for place in item.places]
    return Finding(
        "room",
        severity,
        what,
        numbers,
        "The room becomes part of the voice; removing it leaves residue and cut-off tails (case B).",
        "Record dry or ask for the dry stem. If that is impossible, compare preprocess=wpe with no treatment at all.",
        worst_places(places[:4]),
    )


def find_decays(level_db: NDArray[np.float64]) -> list[tuple[float, int]]:
    """Reverberation time (s) and first frame of every end of singing in a level contour (T,)."""
    if len(level_db) == 0:
        return []
    power = np.convolve(10 ** (level_db / 10), [0.25, 0.5, 0.25], mode="same")
    smooth_db = 10 * np.log10(power + 1e-16)
    floor_db = float(np.quantile(smooth_db, 0.03))
    before = round(BEFORE_S / FRAME_S)
    loudest = maximum_filter1d(smooth_db, before, origin=(before - 1) // 2)  # maximum over the frames before
    decays = []
    for first, last in true_spans(smooth_db < loudest - TO_DB, round(LEAST_PAUSE_S / FRAME_S)):
        top_db = float(loudest[first])
        start = max(0, first - round(LONGEST_S / FRAME_S))
        above = np.flatnonzero(smooth_db[start:first] > top_db - FROM_DB)
        if len(above) == 0 or top_db - TO_DB < floor_db + ABOVE_FLOOR_DB or last == first:
            continue
        begin = start + int(above[-1])
        fall_s = (
            _crossing(smooth_db, first - 1, top_db - TO_DB) - _crossing(smooth_db, begin, top_db - FROM_DB)
        ) * FRAME_S
        decays.append((60.0 / (TO_DB - FROM_DB) * fall_s, begin))
    return decays


def _crossing(level_db: NDArray[np.float64], frame: int, at_db: float) -> float:
    """Position between a frame and the next at which the level falls through a value, in frames."""
    fall = float(level_db[frame] - level_db[frame + 1])
    return frame + float(np.clip((level_db[frame] - at_db) / fall, 0.0, 1.0)) if fall > 0 else float(frame)
