"""The scores of a run as a table for the terminal."""

from typing import Any

from rich.table import Table

from duetto.evaluation.metrics import METRICS

BETTER = {"up": "higher", "down": "lower", "zero": "0"}


def metrics_table(scores: dict[str, Any], title: str = "Scores") -> Table:
    """Lay out what `score_run` gave.

    Args:
        scores: From `score_run`, or metrics.json read back (null counts as undefined).
        title: Printed above.

    Returns:
        One row per metric: its mean with unit, which way is better, songs counted and undefined, label.
        Metrics that no song defines are left out, except the headline.
    """
    table = Table(title=title, title_justify="left")
    table.add_column("metric")
    table.add_column("mean", justify="right")
    table.add_column("better")
    table.add_column("songs", justify="right")
    table.add_column("undefined", justify="right")
    table.add_column("note")
    for metric in METRICS:
        songs_defined = scores["n"].get(metric.name, 0)
        if songs_defined == 0 and metric.name != "mcd_gap_closed":
            continue
        table.add_row(
            metric.title,
            metric.shown(scores["mean"].get(metric.name)),
            BETTER[metric.direction],
            str(songs_defined),
            str(scores["undefined"].get(metric.name, 0)),
            scores["label"].get(metric.name, ""),
        )
    return table
