"""The damage ledger of a whole corpus: rows of clips and steps, summarised as one row per step and its worst clips.

Means over clips are weighted by seconds; undefined measures are left out and counted. Seconds in, out and dropped are
sums, so in = out + dropped holds for each step as for each clip.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from duetto.corpus.manifest import load_manifest
from duetto.errors import StorageError
from duetto.preprocess.pipeline import LEDGER_NAME, PREPROCESS
from duetto.storage.files import read_json

MEASURES = ("level_change_db", "hole_fraction", "log_kurtosis_ratio", "voiced_lost", "zero_share_after")
WORST = ("seconds_dropped", "hole_fraction", "voiced_lost")
NUM_WORST = 5  # clips listed for each

StepRow = dict[str, Any]


def read_ledger(folder: Path) -> list[StepRow]:
    """The rows of a preprocessed corpus; empty for a corpus that no step has treated.

    Raises:
        StorageError: If the ledger is damaged or missing. It is made together with its corpus, never alone.
    """
    path = folder / LEDGER_NAME
    if not path.is_file() and PREPROCESS not in load_manifest(folder).settings:
        return []
    try:
        return list(read_json(path))
    except StorageError as error:
        raise StorageError(
            f"{path} is missing or damaged. Delete the folder that it lies in and give the same command again: "
            "preprocessing makes both anew."
        ) from error


def summarise(rows: Sequence[StepRow]) -> dict[str, Any]:
    """One row for each step, in order, and the clips that lost most.

    Returns:
        JSON values: `steps`, a list of {step, clips, seconds_in, seconds_out, dropped_s, band_loss_db, the
        MEASURES, undefined}, and `worst`, for each of WORST a list of {clip, step, start_s, value}.
    """
    names = list(dict.fromkeys(row["step"] for row in rows))
    steps = [_summary(name, [row for row in rows if row["step"] == name]) for name in names]
    return {"steps": steps, "worst": {measure: _worst(rows, measure) for measure in WORST}}


def _summary(name: str, rows: list[StepRow]) -> dict[str, Any]:
    dropped: dict[str, float] = {}
    for row in rows:
        for reason, seconds in row["dropped_s"].items():
            dropped[reason] = dropped.get(reason, 0.0) + seconds
    bands = list(dict.fromkeys(band for row in rows for band in row["band_loss_db"]))
    return {
        "step": name,
        "clips": len({row["clip"] for row in rows}),
        "seconds_in": sum(row["seconds_in"] for row in rows),
        "seconds_out": sum(row["seconds_out"] for row in rows),
        "dropped_s": dropped,
        "band_loss_db": {band: _mean([(row["band_loss_db"].get(band), row) for row in rows])[0] for band in bands},
        **{measure: _mean([(row[measure], row) for row in rows])[0] for measure in MEASURES},
        "undefined": {measure: _mean([(row[measure], row) for row in rows])[1] for measure in MEASURES},
    }


def _mean(values: Sequence[tuple[float | None, StepRow]]) -> tuple[float, int]:
    """Mean weighted by the seconds of the rows, and the number of undefined values."""
    defined = [(value, row["seconds_in"]) for value, row in values if value is not None and math.isfinite(value)]
    weight = sum(seconds for _, seconds in defined)
    mean = sum(value * seconds for value, seconds in defined) / weight if weight > 0 else math.nan
    return mean, len(values) - len(defined)


def _worst(rows: Sequence[StepRow], measure: str) -> list[dict[str, Any]]:
    def value(row: StepRow) -> float:
        found = sum(row["dropped_s"].values()) if measure == "seconds_dropped" else row[measure]
        return found if found is not None and math.isfinite(found) else 0.0

    ranked = sorted((row for row in rows if value(row) > 0), key=lambda row: (-value(row), row["clip"], row["step"]))
    return [
        {"clip": row["clip"], "step": row["step"], "start_s": row["start_s"], "value": value(row)}
        for row in ranked[:NUM_WORST]
    ]


def damage_table(summary: dict[str, Any]) -> Table:
    """A table for the terminal of what each step removed."""
    table = Table("step", title="Damage by preprocessing", title_justify="left", box=None, padding=(0, 1, 0, 0))
    bands = list(summary["steps"][0]["band_loss_db"]) if summary["steps"] else []
    table.caption = (
        "lost: seconds; level and bands (Hz): change in dB; holes: of the sounding cells; kurt.: ln ratio in the "
        "pauses, above 0 is musical noise; voice: voiced frames lost; zeros: frames silenced; ?: undefined"
    )
    table.caption_justify = "left"
    names = ("lost", "level", *map(band_title, bands), "holes", "kurt.", "voice", "zeros")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for step in summary["steps"]:
        table.add_row(
            step["step"],
            f"{step['seconds_in'] - step['seconds_out']:.1f}",
            decibels(step["level_change_db"]),
            *(decibels(negative(step["band_loss_db"][band])) for band in bands),
            share(step["hole_fraction"]),
            decibels(step["log_kurtosis_ratio"]),
            share(step["voiced_lost"]),
            share(step["zero_share_after"]),
        )
    return table


def band_title(band: str) -> str:
    """`8000-inf` in readable form."""
    low, _, high = band.partition("-")
    ends = [
        f"{float(end) / 1000:g}k" if float(end) >= 1000 else f"{float(end):g}" for end in (low, high) if end != "inf"
    ]
    return "-".join(ends) + ("+" if high == "inf" else "")


def negative(loss_db: float | None) -> float:
    """A loss in dB as a change of level."""
    return math.nan if loss_db is None else -loss_db


def decibels(value: float | None) -> str:
    """A change with its sign, or `?` when undefined."""
    if value is None or not math.isfinite(value):
        return "?"
    return f"{value:+.1f}" if abs(value) >= 0.05 else "0"


def share(value: float | None) -> str:
    """A share in percent, or `?` when undefined."""
    if value is None or not math.isfinite(value):
        return "?"
    return f"{100 * value:.1f}%" if value >= 0.0005 else "0"
