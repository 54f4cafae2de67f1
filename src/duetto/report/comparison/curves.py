"""The curves of the page, as far as the runs have data: held-out scores over training, register, quality and speed."""

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from duetto.evaluation.metric import BETTER, Metric
from duetto.evaluation.registry import metric_named
from duetto.report.collect import RunRecord
from duetto.report.comparison.chart import Chart, Series, axis_title, scaled
from duetto.report.comparison.families import bars_note, panels, seed_lines
from duetto.report.comparison.names import architecture, architecture_order, architecture_title

HELD_OUT = ("mcd_output", "f0_rmse_cents", "speaker_similarity")
BY_REGISTER = ("mcd_output", "f0_rmse_cents", "speaker_similarity")
QUALITY = ("mcd_output", "speaker_similarity")
SPEED = "rtf"
SHIFTED = re.compile(r"(?P<song>.+)_(?P<way>up|down)(?P<semitones>\d+)$")  # corpus.embedded.shifted_name


def split_shift(song: str) -> tuple[str, int]:
    """Split a rendition's name into the song's name and the transposition in semitones."""
    found = SHIFTED.fullmatch(song)
    if found is None:
        return song, 0
    return found["song"], int(found["semitones"]) * (1 if found["way"] == "up" else -1)


def training_charts(runs: Sequence[RunRecord]) -> list[Chart]:
    """Held-out scores against minutes of training, a line for each run."""
    without = [run.short_name for run in runs if not run.curve]
    note = f"There is no held-out curve of {', '.join(without)}." if without else ""
    charts = []
    for metric in map(metric_named, HELD_OUT):
        for of, members in panels(runs):
            series = [
                Series(run.short_name, run.curve["minutes"].tolist(), scaled(metric, run.curve[metric.name]))
                for run in members
                if metric.name in run.curve and "minutes" in run.curve
            ]
            charts.append(_chart(metric, "minutes of training", series, note=note, of=of))
    return charts


def register_charts(runs: Sequence[RunRecord]) -> list[Chart]:
    """Scores against the transposition of the same songs, for runs with songs at two pitches or more."""
    charts = []
    for metric in map(metric_named, BY_REGISTER):
        for of, members in panels(runs):
            lines = seed_lines(members, partial(_by_shift, metric=metric), metric)
            note = f"Means over the songs sung at every pitch shown, against the reference there.{bars_note(lines)}"
            charts.append(_chart(metric, "transposition (semitones)", lines, note=note, of=of))
    return charts


def speed_charts(runs: Sequence[RunRecord]) -> list[Chart]:
    """Quality against real-time factor, a point for each run and a series for each architecture."""
    return [_speed_chart(runs, metric_named(name)) for name in QUALITY]


def _speed_chart(runs: Sequence[RunRecord], quality: Metric) -> Chart:
    speed = metric_named(SPEED)
    series = []
    for key in sorted({architecture(run) for run in runs}, key=architecture_order):
        own = [run for run in runs if architecture(run) == key]
        series.append(
            Series(
                architecture_title(key),
                scaled(speed, [run.mean(SPEED) for run in own]),
                scaled(quality, [run.mean(quality.name) for run in own]),
                notes=[run.short_name for run in own],
            )
        )
    return Chart(
        title=axis_title(quality),
        x_title=f"{speed.title.lower()} ({BETTER[speed.direction]} is faster)",
        better=quality.direction,
        series=series,
        is_joined=False,
        may_be_log=True,
    )


def _chart(metric: Metric, x_title: str, series: list[Series], note: str = "", of: str = "") -> Chart:
    return Chart(axis_title(metric) + of, x_title, metric.direction, series, note=note)


def _by_shift(run: RunRecord, metric: Metric) -> dict[float, float]:
    """Mean at each pitch over the songs that have the metric at every tested pitch of the run."""
    by_song: defaultdict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for song in run.songs:
        name, shift = split_shift(song.song)
        value = song.scores.get(metric.name, math.nan)
        if math.isfinite(value):
            by_song[(name, song.source_name)][shift] = value
    shifts = sorted({shift for scores in by_song.values() for shift in scores})
    complete = [scores for scores in by_song.values() if len(scores) == len(shifts) > 1]
    return {float(x): sum(scores[x] for scores in complete) / len(complete) for x in shifts} if complete else {}
