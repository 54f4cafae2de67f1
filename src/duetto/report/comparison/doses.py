"""Curves across runs: a score against a setting of the data that differs between runs, such as the fragment length."""

import copy
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from duetto.evaluation.metric import Metric
from duetto.evaluation.registry import metric_named
from duetto.report.collect import RunRecord, number, section
from duetto.report.comparison.chart import Chart, Series, axis_title
from duetto.report.comparison.families import mean_line
from duetto.report.comparison.names import architecture, architecture_order, architecture_title
from duetto.storage.files import sha256_json

SCORES = ("mcd_output", "f0_rmse_cents", "speaker_similarity")


@dataclass(frozen=True)
class Dose:
    """A setting that a study varies."""

    group: str  # heading of its charts
    title: str  # title of the axis, with its unit
    path: tuple[str, ...]  # in the run's configuration
    may_be_log: bool = False


DOSES = (
    Dose("Register", "highest pitch trained on (MIDI)", ("data", "register", "train_high_midi")),
    Dose("Dose", "gate over the noise (dB)", ("preprocess", "steps", "noise_reduction", "threshold_over_profile_db")),
    Dose("Dose", "strength of centre extraction", ("preprocess", "steps", "centre", "strength")),
    Dose("Length", "length of fragments (ms)", ("data", "fragments", "fragment_ms"), may_be_log=True),
)


def dose_charts(runs: Sequence[RunRecord]) -> dict[str, list[Chart]]:
    """Charts by heading, without empty headings."""
    charts: defaultdict[str, list[Chart]] = defaultdict(list)
    for dose in DOSES:
        for metric in map(metric_named, SCORES):
            series = [line for line in _lines(runs, dose, metric) if len(line.x) > 1]
            if series:
                note = "Means over runs that differ only in the seed; bars show their range."
                title = axis_title(metric)
                charts[dose.group].append(
                    Chart(title, dose.title, metric.direction, series, may_be_log=dose.may_be_log, note=note)
                )
    return dict(charts)


def _lines(runs: Sequence[RunRecord], dose: Dose, metric: Metric) -> list[Series]:
    """A line for each family of runs that differ only in the dose and the seed."""
    families: dict[str, tuple[RunRecord, defaultdict[float, list[float]]]] = {}
    for run in runs:
        x, y = setting(run, dose.path), run.mean(metric.name)
        if math.isfinite(x) and math.isfinite(y):
            _, values = families.setdefault(_without(run, dose.path), (run, defaultdict(list)))
            values[x].append(y)
    lines = []
    for run, values in sorted(families.values(), key=lambda family: architecture_order(architecture(family[0]))):
        title = f"{architecture_title(architecture(run))}, {run.facts.get('case') or 'unknown case'}"
        lines.append(mean_line(title, values, metric))
    return lines


def _without(run: RunRecord, path: tuple[str, ...]) -> str:
    """Digest of everything that affects the result except one setting, the seeds and the names of the groups."""
    config = section(run.facts, "config")
    kept = {name: copy.deepcopy(config.get(name)) for name in ("data", "preprocess", "features", "model", "trainer")}
    for group in ("data", "preprocess"):
        for name in ("seed", "name"):
            section(kept, group).pop(name, None)
    inner: dict[str, Any] = kept
    for name in path[:-1]:
        inner = section(inner, name)
    inner.pop(path[-1], None)
    return sha256_json([run.facts.get("case"), kept])


def setting(run: RunRecord, path: tuple[str, ...]) -> float:
    """A number in a run's configuration; NaN if there is none."""
    values: dict[str, Any] = section(run.facts, "config")
    for name in path[:-1]:
        values = section(values, name)
    return number(values.get(path[-1]))
