"""The headline scores of a run as a table for the terminal."""

from typing import Any

from rich.table import Table

from duetto.evaluation.metric import BETTER, HEADLINE, PLACES, Metric
from duetto.evaluation.registry import all_metrics

PLACE_COLUMNS = {"output": "output", "source": "source", "copy_synthesis": "vocoder", "reference": "reference"}


def metrics_table(scores: dict[str, Any], title: str = "Scores", group: str = HEADLINE) -> Table:
    """Lay out the result of `score_run`.

    Args:
        scores: From `score_run`, or metrics.json read back (null counts as undefined).
        title: Printed above.
        group: Group of metrics to show; the others are in metrics.json and on the page.

    Returns:
        One row per metric: its mean beside those of its bounds, which way is better, songs counted and undefined,
        label. Metrics that no song defines are left out, except the headline.
    """
    rows = [metric for metric in all_metrics() if metric.group == group and metric.place == "output"]
    families = {(metric.family, metric.place): metric for metric in all_metrics() if metric.family}
    more = sum(metric.place == "output" for metric in all_metrics()) - len(rows)
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.caption = f"{more} further metrics are on the page and in metrics.json."
    table.add_column("metric")
    places = [place for place in PLACES if any((metric.family, place) in families for metric in rows)]
    for place in places:
        table.add_column(PLACE_COLUMNS[place], justify="right")
    for name, justify in (("better", "left"), ("songs", "right"), ("undefined", "right"), ("note", "left")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for metric in rows:
        songs_defined = scores["n"].get(metric.name, 0)
        if songs_defined == 0 and metric.name != "mcd_gap_closed":
            continue
        table.add_row(
            metric.title,
            *(_mean(scores, metric if place == "output" else families.get((metric.family, place))) for place in places),
            BETTER[metric.direction],
            str(songs_defined),
            str(scores["undefined"].get(metric.name, 0)),
            scores["label"].get(metric.name, ""),
        )
    return table


def _mean(scores: dict[str, Any], metric: Metric | None) -> str:
    if metric is None or not scores["n"].get(metric.name, 0):
        return "" if metric is None or metric.place != "output" else "–"
    return metric.shown(scores["mean"].get(metric.name))
