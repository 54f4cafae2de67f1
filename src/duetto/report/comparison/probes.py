"""Curves of the probes: a score against how far a trained voice was pushed, from probes.json of a run.

The file holds `probes`: by name, `cases`, each with song, condition, has_truth and metrics. A condition is a word with
a number in it (`up6`, `down3`, `tempo_0.5`, `250ms`) or `native`. Cases without the truth are diagnostics, not drawn.
"""

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from duetto.evaluation.registry import Metric, metric_named
from duetto.report.collect import RunRecord, number, section
from duetto.report.comparison.chart import Chart, axis_title
from duetto.report.comparison.families import bars_note, panels, seed_lines

SCORES = ("mcd_output", "f0_rmse_cents", "modulation_distance")
NATIVE = "native"
NOTE = "Means over the songs scored at every value shown, against the truth at the same pitch and tempo."
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Probe:
    """A way to push a voice, and the heading that its curve stands under."""

    word: str  # in the probe's name
    group: str
    title: str  # of the axis
    native: float  # where the unchanged song lies on it


PROBES = (
    Probe("transposition", "Register", "transposition of the probe (semitones)", 0.0),
    Probe("register", "Register", "transposition of the probe (semitones)", 0.0),
    Probe("tempo", "Tempo", "tempo of the probe", 1.0),
    Probe("fragment", "Length", "length of the probe's pieces", math.nan),
)


def probe_charts(runs: Sequence[RunRecord]) -> dict[str, list[Chart]]:
    """Charts by the heading they stand under; a heading without any is missing."""
    charts: defaultdict[str, list[Chart]] = defaultdict(list)
    for probe in PROBES:
        for metric in map(metric_named, SCORES):
            for of, members in panels(runs):
                lines = seed_lines(members, partial(_by_condition, probe=probe, metric=metric), metric)
                if lines:
                    title, note = axis_title(metric) + of, NOTE + bars_note(lines)
                    charts[probe.group].append(Chart(title, probe.title, metric.direction, lines, note=note))
    return dict(charts)


def condition_value(condition: str, native: float) -> float:
    """The number in a condition, negative after `down`; NaN when there is none."""
    if condition == NATIVE:
        return native
    found = NUMBER.search(condition)
    if found is None:
        return math.nan
    return -float(found[0]) if condition.startswith("down") else float(found[0])


def _by_condition(run: RunRecord, probe: Probe, metric: Metric) -> dict[float, float]:
    by_song: defaultdict[str, dict[float, float]] = defaultdict(dict)
    for case in _cases(run, probe.word):
        x = condition_value(str(case.get("condition")), probe.native)
        y = number(section(case, "metrics").get(metric.name))
        if case.get("has_truth") and math.isfinite(x) and math.isfinite(y):
            by_song[str(case.get("song"))][x] = y
    values = sorted({x for scores in by_song.values() for x in scores})
    complete = [scores for scores in by_song.values() if len(scores) == len(values)]
    return {x: sum(scores[x] for scores in complete) / len(complete) for x in values} if complete else {}


def _cases(run: RunRecord, word: str) -> list[dict[str, Any]]:
    found = []
    for name, probe in section(run.probes, "probes").items():
        cases = probe.get("cases") if isinstance(probe, dict) and word in name else None
        found += [case for case in cases if isinstance(case, dict)] if isinstance(cases, list) else []
    return found
