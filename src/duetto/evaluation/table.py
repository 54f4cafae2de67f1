"""The headline scores of a run as a table for the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from duetto.evaluation.metric import BETTER, DIAGNOSTIC, HEADLINE, PLACES, Metric
from duetto.evaluation.registry import all_metrics

SAME_DB = 1e-3  # mean distance of sources to their references below which they are the same recordings
PLACE_COLUMNS = {"output": "output", "source": "source", "copy_synthesis": "vocoder", "reference": "reference"}


def is_reconstruction(scores: Mapping[str, Any]) -> bool:
    """Whether the songs are recordings of the target itself, each its own reference: nothing was converted."""
    distance = (scores.get("mean") or {}).get("mcd_source")
    return isinstance(distance, int | float) and distance < SAME_DB


def metrics_table(scores: dict[str, Any], title: str = "Scores", group: str = HEADLINE) -> Table:
    """Lay out the result of `score_run`.

    Args:
        scores: From `score_run`, or metrics.json read back (null counts as undefined).
        title: Printed above.
        group: Group of metrics to show; the others are in metrics.json and on the page.

    Returns:
        One row per metric: its mean beside those of its bounds, which way is better, songs counted and undefined,
        label. Metrics that no song defines are left out, except the headline. Of reconstructions, which have no lower
        bound, all scores are diagnostic.
    """
    is_rebuilt = is_reconstruction(scores)
    rows = [metric for metric in all_metrics() if metric.group == group and metric.place == "output"]
    families = {(metric.family, metric.place): metric for metric in all_metrics() if metric.family}
    more = sum(metric.place == "output" for metric in all_metrics()) - len(rows)
    if is_rebuilt:
        title += f" ({DIAGNOSTIC}: how well held-out recordings are rebuilt)"
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.caption = f"{more} further metrics are on the page and in metrics.json."
    table.add_column("metric")
    places = [place for place in PLACES if any((metric.family, place) in families for metric in rows)]
    places = [place for place in places if not is_rebuilt or place not in ("source", "reference")]
    for place in places:
        table.add_column(PLACE_COLUMNS[place], justify="right")
    more_columns = [("better", "left"), ("songs", "right"), ("undefined", "right"), ("note", "left")]
    for name, justify in more_columns[: -1 if is_rebuilt else None]:
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for metric in rows:
        songs_defined = scores["n"].get(metric.name, 0)
        if songs_defined == 0 and (is_rebuilt or metric.name != "mcd_gap_closed"):
            continue
        note = () if is_rebuilt else (scores["label"].get(metric.name, ""),)
        table.add_row(
            metric.title,
            *(_mean(scores, metric if place == "output" else families.get((metric.family, place))) for place in places),
            BETTER[metric.direction],
            str(songs_defined),
            str(scores["undefined"].get(metric.name, 0)),
            *note,
        )
    return table


def _mean(scores: dict[str, Any], metric: Metric | None) -> str:
    if metric is None or not scores["n"].get(metric.name, 0):
        return "" if metric is None or metric.place != "output" else "–"
    return metric.shown(scores["mean"].get(metric.name))
