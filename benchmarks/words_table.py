"""Tables of the words bench: means over sentences, with bootstrap intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from cells import markdown

from duetto.evaluation.statistics.bootstrap import bca_interval

LEVEL, RESAMPLES, SEED = 0.9, 4000, 0
PERCENT = ("word_error", "character_error", "word_error_moonshine", "gross_pitch_error")
SHOWN = (  # title, key, digits
    ("word error, %", "word_error", 0),
    ("character error, %", "character_error", 0),
    ("Moonshine, %", "word_error_moonshine", 0),
    ("F0CORR", "f0_correlation", 2),
    ("gross pitch error, %", "gross_pitch_error", 1),
    ("to target", "similarity_to_target", 2),
    ("to source", "similarity_to_source", 2),
    ("buzz above source, dB", "buzz_excess_db", 1),
    ("bursts", "bursts", 1),
)
Row = dict[str, Any]


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 90 % interval of a mean over sentences (BCa); both NaN with fewer than three, the mean where all agree."""
    data = np.asarray(values, np.float64)
    if data.size < 3:
        return float("nan"), float("nan")
    mean = float(data.mean())
    if np.ptp(data) == 0:
        return mean, mean
    picked = np.random.default_rng(SEED).integers(data.size, size=(RESAMPLES, data.size))
    others = (data.sum() - data) / (data.size - 1)
    return bca_interval(data[picked].mean(axis=1), mean, mean - others, LEVEL)


def cell(rows: Sequence[Row], key: str, digits: int) -> str:
    """Mean and interval of a score over the rows that define it; an n-dash if none does."""
    values = [row[key] for row in rows if row.get(key) is not None and np.isfinite(row[key])]
    if not values:
        return "–"
    scale = 100.0 if key in PERCENT else 1.0
    low, high = (scale * bound for bound in interval(values))
    shown = f"{scale * float(np.mean(values)):.{digits}f}"
    return shown if np.isnan(low) else f"{shown} ({low:.{digits}f} to {high:.{digits}f})"


def table(rows: Sequence[Row]) -> str:
    """Markdown: a line for each run, group of sources and cut."""
    places = dict.fromkeys((row["run"], row["group"], row["cut"]) for row in rows)
    lines = []
    for run, group, cut in places:
        here = [row for row in rows if (row["run"], row["group"], row["cut"]) == (run, group, cut)]
        lines.append([run, group, cut, str(len(here)), *(cell(here, key, digits) for _, key, digits in SHOWN)])
    return markdown(["run", "sources", "cut", "n", *(title for title, _, _ in SHOWN)], lines)
