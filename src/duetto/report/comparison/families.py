"""Groups runs that differ only in the seed, which are drawn as one line of means with bars from lowest to highest.

The names in a sweep, which end in `.seedN`, identify these runs. A run outside a sweep is a family of one.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Sequence

from duetto.evaluation.metric import Metric
from duetto.report.collect import RunRecord
from duetto.report.comparison.chart import MAX_SERIES, Series, scaled
from duetto.report.comparison.names import architecture, architecture_order, architecture_title

SEED = re.compile(r"(?P<family>.+)\.seed\d+$")
BARS = " Bars show the range over seeds."


def family_name(run: RunRecord) -> str:
    """Name of a run's family: its name in the sweep without the seed."""
    found = SEED.fullmatch(run.called)
    return found["family"] if found else run.short_name


def families(runs: Sequence[RunRecord]) -> dict[str, list[RunRecord]]:
    """Runs by family, in the order of each family's first run."""
    found: defaultdict[str, list[RunRecord]] = defaultdict(list)
    for run in runs:
        found[family_name(run) if SEED.fullmatch(run.called) else str(run.folder)].append(run)
    return dict(found)


def panels(runs: Sequence[RunRecord]) -> list[tuple[str, list[RunRecord]]]:
    """All runs in one chart if their lines can be distinguished, else a chart for each architecture.

    Returns:
        Suffix of each chart's title, such as `, RVC`, or empty; and its runs.
    """
    if len(families(runs)) <= MAX_SERIES:
        return [("", list(runs))]
    keys = sorted({architecture(run) for run in runs}, key=architecture_order)
    return [(f", {architecture_title(key)}", [run for run in runs if architecture(run) == key]) for key in keys]


def seed_lines(
    runs: Sequence[RunRecord], scores: Callable[[RunRecord], dict[float, float]], metric: Metric
) -> list[Series]:
    """A line for each family with two points or more.

    Args:
        runs: Runs of one chart.
        scores: Gives the scores of a run by x; empty if it has none.
        metric: Metric of the scores.
    """
    lines = []
    for members in families(runs).values():
        known = [values for values in map(scores, members) if values]
        shared = set.intersection(*(set(values) for values in known)) if known else set()
        if len(shared) > 1:
            by_x = {x: [values[x] for values in known] for x in sorted(shared)}
            lines.append(mean_line(family_name(members[0]), by_x, metric))
    return lines


def bars_note(lines: Sequence[Series]) -> str:
    """A note on the bars of a chart, if it has any."""
    return BARS if any(len(line.low) for line in lines) else ""


def mean_line(name: str, values: dict[float, list[float]], metric: Metric) -> Series:
    """The mean at each x, with bars over the values if any x has more than one."""
    xs = sorted(values)
    means = [math.fsum(values[x]) / len(values[x]) for x in xs]
    low, high = ([function(values[x]) for x in xs] for function in (min, max))
    has_spread = any(len(values[x]) > 1 for x in xs)
    return Series(
        name,
        xs,
        scaled(metric, means),
        scaled(metric, low) if has_spread else (),
        scaled(metric, high) if has_spread else (),
    )
