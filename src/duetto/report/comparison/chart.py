"""Geometry of line charts and scatter plots, which the template draws in the colours of the page.

A chart is 440 by 280 units, which a phone shows at nearly full size, so that its text stays readable. Series differ in
colour, marker and dash. A table below the chart lists every drawn number.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator

from duetto.evaluation.metric import ARROWS, BETTER, Metric

WIDTH, HEIGHT = 440, 280
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 8, 46
STYLES = 8  # number of colours, markers and dashes in the style sheet
MAX_SERIES = 8  # drawn; further ones are only in the table
MAX_NAMES = 12  # beside the points of a scatter plot; more would overlap
LOG_FROM = 8.0  # an x axis with more than this ratio may be logarithmic
MARKERS = (  # around (0, 0)
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z",
    "M-4-4H4V4H-4Z",
    "M0-5L5 4H-5Z",
    "M0-5.5L5.5 0 0 5.5-5.5 0Z",
    "M0 5L5-4H-5Z",
    "M-5-1.5H-1.5V-5H1.5V-1.5H5V1.5H1.5V5H-1.5V1.5H-5Z",
    "M-5.5 0A5.5 3.4 0 1 0 5.5 0A5.5 3.4 0 1 0-5.5 0Z",
    "M-3.4 0A3.4 5.5 0 1 0 3.4 0A3.4 5.5 0 1 0-3.4 0Z",
)


@dataclass(frozen=True)
class Series:
    """One line, or one cloud of points."""

    name: str
    x: Sequence[float]
    y: Sequence[float]  # same length as x; NaN where undefined
    low: Sequence[float] = ()  # interval of y; empty if there is none
    high: Sequence[float] = ()
    notes: Sequence[str] = ()  # a name for each point


@dataclass(frozen=True)
class Chart:
    """The content of a chart, as text and numbers."""

    title: str  # of the y axis, with its unit
    x_title: str
    better: str  # direction of a metric: "up", "down", "zero"
    series: Sequence[Series]
    is_joined: bool = True
    may_be_log: bool = False
    note: str = ""


def axis_title(metric: Metric) -> str:
    """Axis title of a metric, with its unit."""
    return f"{metric.title} ({metric.unit})" if metric.unit else metric.title


def scaled(metric: Metric, values: Iterable[float]) -> list[float]:
    """Values in displayed units: shares in per cent."""
    return [100.0 * value if metric.unit == "%" else float(value) for value in values]


def chart_part(chart: Chart) -> dict[str, Any] | None:
    """Geometry, legend, description and table of a chart; None if no point is finite."""
    all_x = np.concatenate([np.asarray(series.x, dtype=np.float64) for series in chart.series] or [np.zeros(0)])
    all_y = np.concatenate(
        [np.asarray([*s.y, *s.low, *s.high], dtype=np.float64) for s in chart.series] or [np.zeros(0)]
    )
    all_x, all_y = all_x[np.isfinite(all_x)], all_y[np.isfinite(all_y)]
    if not all_x.size or not all_y.size:
        return None
    is_log = chart.may_be_log and all_x.min() > 0 and all_x.max() / all_x.min() > LOG_FROM
    x_axis, y_axis = _Axis.over(all_x, LEFT, WIDTH - RIGHT, is_log), _Axis.over(all_y, HEIGHT - BOTTOM, TOP, False)
    drawn = list(chart.series)[:MAX_SERIES]
    is_named = not chart.is_joined and sum(len(series.x) for series in drawn) <= MAX_NAMES
    left_out = len(chart.series) - len(drawn)
    return {
        "title": chart.title,
        "x_title": chart.x_title,
        "arrow": ARROWS[chart.better],
        "better": f"{BETTER[chart.better]} is better",
        "note": " ".join(
            [chart.note] * bool(chart.note) + [f"{left_out} more are in the table only."] * bool(left_out)
        ),
        "x_ticks": [{"at": f"{x_axis.place(tick):.1f}", "text": f"{tick:g}"} for tick in x_axis.ticks],
        "y_ticks": [{"at": f"{y_axis.place(tick):.1f}", "text": f"{tick:g}"} for tick in y_axis.ticks],
        "series": [_line(series, i, x_axis, y_axis, chart.is_joined, is_named) for i, series in enumerate(drawn)],
        "alt": _described(chart),
        "rows": [row for series in chart.series for row in _rows(series)],
        "has_interval": any(len(series.low) for series in chart.series),
    }


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    start: float  # position of low, in the picture's units
    end: float
    is_log: bool
    ticks: tuple[float, ...]

    @classmethod
    def over(cls, values: Any, start: float, end: float, is_log: bool) -> "_Axis":
        low, high = float(values.min()), float(values.max())
        if is_log:
            low, high = low / 1.2, high * 1.2
            ticks = LogLocator(subs=(1.0, 2.0, 3.0, 5.0)).tick_values(low, high)
        else:
            margin = 0.06 * (high - low) or 0.5 * abs(high) or 1.0
            low, high = low - margin, high + margin
            ticks = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        inside = tuple(float(np.round(tick, 10)) + 0.0 for tick in ticks if low <= tick <= high)
        return cls(low, high, start, end, is_log, inside)

    def place(self, value: float) -> float:
        low, high, at = (math.log(v) if self.is_log else v for v in (self.low, self.high, value))
        return self.start + (self.end - self.start) * (at - low) / (high - low)


def _line(series: Series, index: int, x_axis: _Axis, y_axis: _Axis, is_joined: bool, is_named: bool) -> dict[str, Any]:
    notes = series.notes or [""] * len(series.x)
    bounds = list(zip(series.low, series.high, strict=True)) or [(math.nan, math.nan)] * len(series.x)
    points = [
        {
            "x": f"{x_axis.place(x):.1f}",
            "y": f"{y_axis.place(y):.1f}",
            "low": f"{y_axis.place(low):.1f}" if math.isfinite(low) else "",
            "high": f"{y_axis.place(high):.1f}" if math.isfinite(high) else "",
            "text": f"{note or series.name}: {_shown(x)}, {_shown(y)}",
            "name": note.rsplit(" ", 1)[-1] if is_named else "",
            "anchor": "end" if x_axis.place(x) > 0.8 * WIDTH else "start",
        }
        for x, y, (low, high), note in zip(series.x, series.y, bounds, notes, strict=True)
        if math.isfinite(x) and math.isfinite(y)
    ]
    return {
        "name": series.name,
        "style": index % STYLES,
        "marker": MARKERS[index % len(MARKERS)],
        "points": points,
        "path": " ".join(f"{point['x']},{point['y']}" for point in points) if is_joined and len(points) > 1 else "",
    }


def _rows(series: Series) -> list[dict[str, str]]:
    notes = series.notes or [series.name] * len(series.x)
    bounds = list(zip(series.low, series.high, strict=True)) or [(math.nan, math.nan)] * len(series.x)
    return [
        {
            "name": note,
            "x": _shown(x),
            "y": _shown(y),
            "interval": f"{_shown(low)} to {_shown(high)}" if math.isfinite(low) else "",
        }
        for x, y, (low, high), note in zip(series.x, series.y, bounds, notes, strict=True)
    ]


def _described(chart: Chart) -> str:
    """Description for readers who cannot see the chart."""
    parts = []
    for series in chart.series[:MAX_SERIES]:
        known = [(x, y) for x, y in zip(series.x, series.y, strict=True) if math.isfinite(x) and math.isfinite(y)]
        if len(known) > 1 and chart.is_joined:
            (x_0, y_0), (x_1, y_1) = known[0], known[-1]
            parts.append(f"{series.name}: {_shown(y_0)} at {_shown(x_0)}, {_shown(y_1)} at {_shown(x_1)}")
        elif known:
            parts.append(f"{series.name}: " + ", ".join(f"{_shown(y)} at {_shown(x)}" for x, y in known[:6]))
    return f"{chart.title} against {chart.x_title}, {BETTER[chart.better]} is better. " + "; ".join(parts) + "."


def _shown(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "–"
