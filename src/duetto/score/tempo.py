"""Conversion between musical time and seconds.

Conventions: ticks at 480 a quarter note, seconds from tick 0. Tempo is constant between changes, so both
directions are exact (piecewise linear). Before tick 0 the first tempo holds, after the last change the last one.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence

from duetto.errors import ScoreError
from duetto.score.score import TICKS_PER_QUARTER, Tempo

SECONDS_PER_MINUTE = 60.0


class TempoMap:
    """The clock of a score."""

    def __init__(self, tempos: Sequence[Tempo]) -> None:
        """Accumulate the tempo changes.

        Args:
            tempos: In rising tick order, the first at tick 0, each above 0 quarter notes a minute.

        Raises:
            ScoreError: If there is none, the first is not at tick 0, ticks do not rise, or a tempo is 0 or below.
        """
        if not tempos or tempos[0].tick != 0:
            raise ScoreError("The score has no tempo at its start; expected one at tick 0.")
        self._ticks = [tempo.tick for tempo in tempos]
        if any(later <= earlier for earlier, later in zip(self._ticks, self._ticks[1:], strict=False)):
            raise ScoreError("The tempo changes of the score are not in rising order; sort them by tick.")
        if not all(tempo.bpm > 0 and math.isfinite(tempo.bpm) for tempo in tempos):
            raise ScoreError("The score holds a tempo that is not above 0 quarter notes a minute; correct it.")
        self._seconds_per_tick = [SECONDS_PER_MINUTE / (tempo.bpm * TICKS_PER_QUARTER) for tempo in tempos]
        self._starts_s = [0.0]
        for index in range(1, len(tempos)):
            span = self._ticks[index] - self._ticks[index - 1]
            self._starts_s.append(self._starts_s[-1] + span * self._seconds_per_tick[index - 1])

    def seconds(self, tick: float) -> float:
        """Time of a (fractional) tick, in seconds from tick 0."""
        index = max(bisect_right(self._ticks, tick) - 1, 0)
        return self._starts_s[index] + (tick - self._ticks[index]) * self._seconds_per_tick[index]

    def tick(self, seconds: float) -> float:
        """Fractional tick that sounds at a time in seconds; the inverse of `seconds`."""
        index = max(bisect_right(self._starts_s, seconds) - 1, 0)
        return self._ticks[index] + (seconds - self._starts_s[index]) / self._seconds_per_tick[index]
