"""The registry of metrics: all measures, and the table of their rows.

A new metric is one file in `metrics` and one line in `MEASURES`.
"""

from duetto.evaluation.measure import Measure
from duetto.evaluation.metric import HEADLINE, Metric
from duetto.evaluation.metrics import (
    artefacts,
    bandwidth,
    buzz,
    cepstral,
    comb,
    formants,
    harmonicity,
    levels,
    melody,
    melody_extraction,
    memory,
    modulation,
    phones,
    predicted,
    speaker,
    spectral,
    speed,
    steadiness,
    transitions,
    words,
)
from duetto.renamed import current_metric

MEASURES: tuple[Measure, ...] = (
    cepstral.MEASURE,
    melody.MEASURE,
    melody_extraction.MEASURE,
    speaker.MEASURE,
    phones.MEASURE,
    words.MEASURE,
    speed.MEASURE,
    spectral.MEASURE,
    harmonicity.MEASURE,
    bandwidth.MEASURE,
    modulation.MEASURE,
    steadiness.MEASURE,
    artefacts.MEASURE,
    comb.MEASURE,
    buzz.MEASURE,
    transitions.MEASURE,
    formants.MEASURE,
    memory.MEASURE,
    levels.MEASURE,
    predicted.MEASURE,
)
# in the order in which they are shown
GROUPS = (HEADLINE, "melody", "timbre", "held notes", "artefacts", "transitions", "cost", "signal", "predictor")


def all_measures() -> tuple[Measure, ...]:
    """All measures, one per file of metrics."""
    return MEASURES


def all_metrics() -> tuple[Metric, ...]:
    """The table of metrics, group by group, with the names that the terminal, the pages and the docs use."""
    rows = [metric for measure in MEASURES for metric in measure.metrics]
    order = {group: place for place, group in enumerate(GROUPS)}
    return tuple(sorted(rows, key=lambda metric: order.get(metric.group, len(order))))


def metric_named(name: str) -> Metric:
    """Look up a metric by its old or new key in metrics.json; KeyError if there is none."""
    return {metric.name: metric for metric in all_metrics()}[current_metric(name)]
