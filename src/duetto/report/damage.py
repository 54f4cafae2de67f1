"""The damage by preprocessing, for the page of a run: a row for each step and the clips that lost most."""

import math
from typing import Any

from duetto.preprocess.ledger import band_title, decibels, negative, share
from duetto.report.collect import RunRecord, number, section

WORST_TITLES = {
    "seconds_dropped": "Most seconds dropped",
    "hole_fraction": "Most holes",
    "voiced_lost": "Most voiced frames lost",
}


def damage_part(run: RunRecord) -> dict[str, Any] | None:
    """Columns, rows and worst clips; None when the run recorded no step."""
    steps = [step for step in _list(run.preprocessing.get("steps")) if isinstance(step, dict)]
    if not steps:
        return None
    bands = [str(band) for band in section(steps[0], "band_loss_db")]
    return {
        "bands": [band_title(band) for band in bands],
        "steps": [_step(step, bands) for step in steps],
        "undefined": _undefined(steps),
        "worst": _worst(section(run.preprocessing, "worst")),
    }


def _step(step: dict[str, Any], bands: list[str]) -> dict[str, Any]:
    losses = section(step, "band_loss_db")
    dropped = section(step, "dropped_s")
    return {
        "name": str(step.get("step")),
        "seconds_in": f"{number(step.get('seconds_in')):.1f}",
        "seconds_out": f"{number(step.get('seconds_out')):.1f}",
        "dropped": "; ".join(f"{number(seconds):.1f} s {reason}" for reason, seconds in sorted(dropped.items())),
        "level": decibels(number(step.get("level_change_db"))),
        "bands": [decibels(negative(number(losses.get(band)))) for band in bands],
        "holes": share(number(step.get("hole_fraction"))),
        "kurtosis": decibels(number(step.get("log_kurtosis_ratio"))),
        "voiced": share(number(step.get("voiced_lost"))),
        "zeros": share(number(step.get("zero_share_after"))),
    }


def _undefined(steps: list[dict[str, Any]]) -> int:
    """Number of undefined values that were left out of the means."""
    counts = [number(count) for step in steps for count in section(step, "undefined").values()]
    return int(sum(count for count in counts if math.isfinite(count)))


def _worst(worst: dict[str, Any]) -> list[dict[str, Any]]:
    parts = []
    for measure, title in WORST_TITLES.items():
        rows = [row for row in _list(worst.get(measure)) if isinstance(row, dict)]
        shown = [
            {
                "clip": str(row.get("clip")),
                "step": str(row.get("step")),
                "start": f"{number(row.get('start_s')):.0f}",
                "value": f"{number(row.get('value')):.1f} s"
                if measure == "seconds_dropped"
                else share(number(row.get("value"))),
            }
            for row in rows
        ]
        if shown:
            parts.append({"title": title, "rows": shown})
    return parts


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
