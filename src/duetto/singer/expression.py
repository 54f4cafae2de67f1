"""The effects of a score's controllers in each frame: breath, brightness, clearness, gender.

Dynamics and pitch bend act in `sing` and `f0`, portamento timing in `f0`. Controllers have no documented units; the
scales here are our own. At the editor's defaults the output is bit-identical.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from duetto.score.score import Curve, Score
from duetto.score.tempo import TempoMap
from duetto.singer.timing import HOP_S

CENTRE, FULL = 64.0, 127.0  # controller values
GENDER_OCTAVES = 0.25  # formants move by this much from 64 to 0 (up) or to 127 (down)
BREATH_DB = 24.0  # aperiodicity at BRE 127
BRIGHTNESS_DB_PER_OCTAVE = 3.0  # tilt about 1 kHz at BRI 127; the negative at 0
CLEARNESS_DB, CLEARNESS_FROM_HZ, CLEARNESS_FULL_HZ = 9.0, 2000.0, 5000.0  # shelf at CLE 127
CLEARNESS_BREATH_DB = -6.0  # aperiodicity at CLE 127
SMOOTHING_FRAMES = 2.0  # steps of a controller take about 20 ms


@dataclass(frozen=True)
class Expression:
    """The controllers in each frame; None = default throughout."""

    breath_db: NDArray[np.float64] | None = None  # (T,), added to the aperiodicity
    tilt_db_per_octave: NDArray[np.float64] | None = None  # (T,), about 1 kHz
    clearness: NDArray[np.float64] | None = None  # (T,), 0..1
    formant_ratio: NDArray[np.float64] | None = None  # (T,), quantised to a few steps

    def part(self, frames: slice | NDArray[np.int64]) -> "Expression":
        """The controllers of a stretch of frames."""
        cut = [None if values is None else values[frames] for values in self._all()]
        return Expression(*cut)

    def _all(self) -> Iterator[NDArray[np.float64] | None]:
        yield from (self.breath_db, self.tilt_db_per_octave, self.clearness, self.formant_ratio)


def expression_of(score: Score, num_frames: int) -> Expression:
    """The controllers of a score on the frames of its timing."""
    tempo = TempoMap(score.tempos)
    breath = _smooth(controller_frames(score.breathiness, tempo, num_frames, 0.0))
    bright = _smooth(controller_frames(score.brightness, tempo, num_frames, CENTRE))
    clear = _smooth(controller_frames(score.clearness, tempo, num_frames, 0.0))
    gender = _smooth(controller_frames(score.gender, tempo, num_frames, CENTRE))
    breath_db = None if breath is None else BREATH_DB * breath / FULL
    if clear is not None:
        breath_db = (0.0 if breath_db is None else breath_db) + CLEARNESS_BREATH_DB * clear / FULL
    return Expression(
        breath_db=breath_db,
        tilt_db_per_octave=None if bright is None else BRIGHTNESS_DB_PER_OCTAVE * (bright - CENTRE) / CENTRE,
        clearness=None if clear is None else clear / FULL,
        formant_ratio=None if gender is None else 2.0 ** (-GENDER_OCTAVES * (np.rint(gender) - CENTRE) / CENTRE),
    )


def controller_frames(curve: Curve, tempo: TempoMap, num_frames: int, default: float) -> NDArray[np.float64] | None:
    """A controller in each frame, piecewise constant, (num_frames,); None if it always has its default."""
    if all(value == default for _, value in curve.points):
        return None
    return step_hold(curve.points, tempo, num_frames, default)


def step_hold(
    points: Sequence[tuple[int, float]], tempo: TempoMap, num_frames: int, default: float
) -> NDArray[np.float64]:
    """The current value in each frame, (num_frames,); `default` before the first of the (tick, value) points."""
    frames = [max(round(tempo.seconds(tick) / HOP_S), 0) for tick, _ in points]
    in_force = np.searchsorted(np.array(frames, dtype=np.int64), np.arange(num_frames), side="right")
    return np.array([default, *(value for _, value in points)])[in_force]


def spectral_tilt_db(expression: Expression, log2_frequency: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Gain of brightness and clearness, (T, bins), dB; None if both have their defaults."""
    gain_db: NDArray[np.float64] | None = None
    if expression.tilt_db_per_octave is not None:
        octaves = np.clip(log2_frequency - np.log2(1000.0), -2.0, 4.0)
        gain_db = expression.tilt_db_per_octave[:, None] * octaves
    if expression.clearness is not None:
        span = np.log2(CLEARNESS_FULL_HZ / CLEARNESS_FROM_HZ)
        shelf = CLEARNESS_DB * np.clip((log2_frequency - np.log2(CLEARNESS_FROM_HZ)) / span, 0.0, 1.0)
        raised = expression.clearness[:, None] * shelf
        gain_db = raised if gain_db is None else gain_db + raised
    return gain_db


def _smooth(values: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    return None if values is None else gaussian_filter1d(values, SMOOTHING_FRAMES, mode="nearest")
