"""Curves of the stress tests: scores against the strength of the stress, from stress_tests.json of a run.

The file holds `stress_tests`: by name, `cases`, each with song, condition, has_reference and metrics. A condition is a
word with a number (`up6`, `down3`, `tempo_0.5`, `250ms`) or `native`. Cases without a reference are diagnostics and are
not drawn.
"""

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from duetto.evaluation.metric import Metric
from duetto.evaluation.registry import metric_named
from duetto.report.collect import RunRecord, number, section
from duetto.report.comparison.chart import Chart, axis_title
from duetto.report.comparison.families import bars_note, panels, seed_lines

SCORES = ("mcd_output", "f0_rmse_cents", "modulation_distance")
NATIVE = "native"
NOTE = "Means over the songs scored at every value shown, against the reference at the same pitch and tempo."
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class StressAxis:
    """A kind of stress, and the heading of its curve."""

    word: str  # in the stress test's name
    group: str
    title: str  # title of the axis
    native: float  # value of the unchanged song


AXES = (
    StressAxis("transposition", "Register", "transposition (semitones)", 0.0),
    StressAxis("register", "Register", "transposition (semitones)", 0.0),
    StressAxis("tempo", "Tempo", "tempo (1 = as written)", 1.0),
    StressAxis("fragment", "Length", "length of the pieces (ms)", math.nan),
)


def stress_charts(runs: Sequence[RunRecord]) -> dict[str, list[Chart]]:
    """Charts by heading, without empty headings."""
    charts: defaultdict[str, list[Chart]] = defaultdict(list)
    for axis in AXES:
        for metric in map(metric_named, SCORES):
            for of, members in panels(runs):
                lines = seed_lines(members, partial(_by_condition, axis=axis, metric=metric), metric)
                if lines:
                    title, note = axis_title(metric) + of, NOTE + bars_note(lines)
                    charts[axis.group].append(Chart(title, axis.title, metric.direction, lines, note=note))
    return dict(charts)


def condition_value(condition: str, native: float) -> float:
    """The number in a condition, negative after `down`; NaN if there is none."""
    if condition == NATIVE:
        return native
    found = NUMBER.search(condition)
    if found is None:
        return math.nan
    return -float(found[0]) if condition.startswith("down") else float(found[0])


def _by_condition(run: RunRecord, axis: StressAxis, metric: Metric) -> dict[float, float]:
    by_song: defaultdict[str, dict[float, float]] = defaultdict(dict)
    for case in _cases(run, axis.word):
        x = condition_value(str(case.get("condition")), axis.native)
        y = number(section(case, "metrics").get(metric.name))
        if case.get("has_reference") and math.isfinite(x) and math.isfinite(y):
            by_song[str(case.get("song"))][x] = y
    values = sorted({x for scores in by_song.values() for x in scores})
    complete = [scores for scores in by_song.values() if len(scores) == len(values)]
    return {x: sum(scores[x] for scores in complete) / len(complete) for x in values} if complete else {}


def _cases(run: RunRecord, word: str) -> list[dict[str, Any]]:
    found = []
    for name, test in section(run.stress_tests, "stress_tests").items():
        cases = test.get("cases") if isinstance(test, dict) and word in name else None
        found += [case for case in cases if isinstance(case, dict)] if isinstance(cases, list) else []
    return found
