"""Linear contrasts: from a tidy table of scores to one number for each seed and song.

A row of the table is one score: the arm of a study, its seed, the song, its condition (at its own pitch, or six
semitones up), the metric and the value. A contrast weights arms and conditions; a difference, a difference of
differences, a slope over doses and "a mitigation removes at least 30 % of the harm" are all of this form, so one
analysis serves every hypothesis.

Conventions: seeds and songs are crossed: every arm is trained with every seed and scored on every song. A seed and song
are used only if every score of the contrast is defined; those left out are counted, never imputed.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NATIVE = "native"  # the condition of a song at its own pitch and tempo


@dataclass(frozen=True)
class Score:
    """One row of the tidy table."""

    arm: str
    model: str
    seed: int  # the study's, by which arms are paired, whatever seed a run itself used
    song: str  # without its condition
    condition: str  # native, up6, down6, ...
    metric: str  # a name of evaluation.metrics
    value: float  # NaN = undefined


@dataclass(frozen=True)
class Contrast:
    """Weights of arms and conditions; a score's weight is the product of the two."""

    metric: str
    arms: Mapping[str, float]
    conditions: Mapping[str, float]
    songs: tuple[str, ...] = ()  # songs used; empty = all

    @property
    def needed(self) -> tuple[tuple[str, str], ...]:
        """The (arm, condition) pairs that are used, sorted."""
        return tuple(sorted((arm, condition) for arm in self.arms for condition in self.conditions))


@dataclass(frozen=True)
class Cells:
    """The contrast at each seed and song."""

    table: NDArray[np.float64]  # (seeds, songs); NaN where a score is missing or undefined
    seeds: tuple[int, ...]  # sorted
    songs: tuple[str, ...]  # sorted

    @property
    def undefined(self) -> int:
        """Number of cells without a value."""
        return int(np.isnan(self.table).sum())


def evaluate_contrast(scores: Iterable[Score], contrast: Contrast, model: str) -> Cells:
    """The contrast for each seed and song of one architecture.

    Args:
        scores: The rows; several scores of one cell (several source singers) are averaged.
        contrast: The weights.
        model: Name of the architecture.

    Returns:
        A table over all seeds and songs that have any of the scores; empty when none has.
    """
    places: dict[tuple[int, str], dict[tuple[str, str], list[float]]] = {}
    wanted = set(contrast.needed)

    def is_song(name: str) -> bool:
        return not contrast.songs or name in contrast.songs

    for score in scores:
        pair = (score.arm, score.condition)
        if score.model == model and score.metric == contrast.metric and pair in wanted and is_song(score.song):
            places.setdefault((score.seed, score.song), {}).setdefault(pair, []).append(score.value)
    seeds = tuple(sorted({seed for seed, _ in places}))
    songs = tuple(sorted({song for _, song in places}))
    rows = [[_weigh(places.get((seed, song), {}), contrast) for song in songs] for seed in seeds]
    return Cells(np.array(rows, dtype=np.float64).reshape(len(seeds), len(songs)), seeds, songs)


def slope_weights(doses: Mapping[str, float]) -> dict[str, float]:
    """Weights that turn scores of arms into the least-squares slope of score on dose.

    Args:
        doses: Dose of each arm; at least two different ones.

    Raises:
        ValueError: If all doses are equal.
    """
    mean = sum(doses.values()) / max(len(doses), 1)
    spread = sum((dose - mean) ** 2 for dose in doses.values())
    if spread == 0:
        raise ValueError(f"A slope needs two different doses, got {dict(doses)}.")
    return {name: (dose - mean) / spread for name, dose in doses.items()}


def _weigh(values: Mapping[tuple[str, str], list[float]], contrast: Contrast) -> float:
    """The weighted sum, NaN when a score is missing or undefined."""
    total = 0.0
    for arm, condition in contrast.needed:
        scores = values.get((arm, condition), [math.nan])
        total += contrast.arms[arm] * contrast.conditions[condition] * (sum(scores) / len(scores))
    return total
