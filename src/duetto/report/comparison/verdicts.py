"""Reads verdicts of studies from their files, and lays them out as intervals.

A verdict file holds an entry, a list of them, or a study with a list of findings. An entry names hypothesis, role,
model, metric, effect, interval, p, verdict, seeds, songs, hours, the hash of the study's file and the code's version.
*Reproduced* means that the effect is as claimed and large enough, *refuted* that such an effect is ruled out,
*inconclusive* neither. A control *holds* or *fails*. A study whose file was changed is *exploratory*.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duetto.errors import StorageError
from duetto.evaluation.registry import all_metrics
from duetto.report.collect import number
from duetto.report.comparison.names import architecture_order, architecture_title
from duetto.storage.files import read_json

KINDS = {
    "reproduced": ("good", "✓"),
    "refuted": ("bad", "✗"),
    "inconclusive": ("open", "?"),
    "holds": ("good", "✓"),
    "fails": ("bad", "✗"),
}
ROLES = {  # in the order of the page
    "primary": "",
    "secondary": "secondary",
    "mitigation": "mitigation",
    "null": "null arm",
    "positive_control": "positive control",
}
LISTS = ("findings", "verdicts", "hypotheses", "entries")  # keys under which a study may keep its entries
WIDTH = 100.0  # width of the interval's picture, in its units
MARGIN = 6.0


@dataclass(frozen=True)
class Verdict:
    """One hypothesis of a study for one architecture, with its result."""

    study: str
    hypothesis: str
    text: str  # the hypothesis in words; may be empty
    role: str
    model: str  # empty if it is about several
    verdict: str
    metric: str  # title of the effect's metric
    effect: float
    low: float  # interval, in units of the effect
    high: float
    smallest: float  # smallest effect of interest
    p: float  # adjusted if the study adjusts
    unit: str
    seeds: str
    songs: str
    hours: float
    study_hash: str
    code: str
    is_exploratory: bool
    question: str = ""  # of the study
    cautions: tuple[str, ...] = ()  # reasons why it is exploratory, and failing controls
    shares: tuple[tuple[str, float, float, float], ...] = ()  # of a design: factor, share of the variance, interval


def read_verdicts(files: Sequence[Path]) -> tuple[list[Verdict], list[str]]:
    """Read the verdicts of all files, and a sentence for each invalid entry."""
    verdicts, problems = [], []
    for file in files:
        try:
            value = read_json(file)
        except StorageError as error:
            problems.append(f"A verdict is left out: {error}")
            continue
        for entry in _entries(value):
            if isinstance(entry, dict) and entry.get("verdict"):
                verdicts.append(_verdict(entry, file))
            else:
                problems.append(f"{file} holds an entry without a verdict, which is left out.")
    return verdicts, problems


def verdict_parts(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Values of the verdicts for the template: by study, claims before controls, RVC before Diff-SVC."""
    studies = sorted({verdict.study for verdict in verdicts})
    return [
        {
            "study": study.replace("_", " "),
            "question": next((verdict.question for verdict in verdicts if verdict.study == study), ""),
            "cautions": next((verdict.cautions for verdict in verdicts if verdict.study == study), ()),
            "entries": [_part(verdict) for verdict in _ordered(verdicts, study)],
            "shares": [_shares_part(verdict) for verdict in _ordered(verdicts, study) if verdict.shares],
        }
        for study in studies
    ]


def _ordered(verdicts: Sequence[Verdict], study: str) -> list[Verdict]:
    roles = list(ROLES)
    own = [verdict for verdict in verdicts if verdict.study == study]
    hypotheses = list(dict.fromkeys(verdict.hypothesis for verdict in own))  # as the study lists them
    return sorted(
        own,
        key=lambda verdict: (
            roles.index(verdict.role) if verdict.role in roles else len(roles),
            hypotheses.index(verdict.hypothesis),
            architecture_order(verdict.model),
        ),
    )


def _entries(value: Any) -> list[Any]:
    if isinstance(value, dict):
        for name in LISTS:
            if isinstance(value.get(name), list):
                shared = {key: inner for key, inner in value.items() if key not in LISTS}
                return [{**shared, **entry} if isinstance(entry, dict) else entry for entry in value[name]]
    return value if isinstance(value, list) else [value]


def _verdict(entry: dict[str, Any], file: Path) -> Verdict:
    interval = entry.get("interval")
    low, high = map(number, interval) if isinstance(interval, list) and len(interval) == 2 else (math.nan, math.nan)
    metric = {metric.name: metric for metric in all_metrics()}.get(str(entry.get("metric")))
    share = 100.0 if metric is not None and metric.unit == "%" else 1.0
    p = number(entry.get("p_holm"))
    return Verdict(
        study=str(entry.get("study") or file.parent.name),
        hypothesis=str(entry.get("hypothesis") or ""),
        text=str(entry.get("claim") or entry.get("statement") or ""),
        role=str(entry.get("role") or "primary"),
        model=str(entry.get("model") or entry.get("architecture") or ""),
        verdict=str(entry["verdict"]),
        metric=metric.title if metric is not None else str(entry.get("metric") or ""),
        effect=share * number(entry.get("effect")),
        low=share * low,
        high=share * high,
        smallest=share * number(entry.get("smallest_effect")),
        p=p if math.isfinite(p) else number(entry.get("p")),
        unit=str(entry.get("unit") or (metric.unit if metric is not None else "")),
        seeds=_counted(entry.get("seeds")),
        songs=_counted(entry.get("songs")),
        hours=number(entry.get("hours")),
        study_hash=str(entry.get("study_hash") or entry.get("file_hash") or entry.get("hash") or ""),
        code=_code(entry.get("code_version") or entry.get("code")),
        is_exploratory=bool(entry.get("exploratory")),
        question=str(entry.get("question") or ""),
        cautions=tuple(_cautions(entry)),
        shares=tuple(_shares(entry)) if entry.get("role") == "primary" else (),
    )


def _shares(entry: dict[str, Any]) -> list[tuple[str, float, float, float]]:
    """Factor, share and interval of a design's factors, the largest first."""
    by_model = entry.get("shares")
    own = by_model.get(str(entry.get("model"))) if isinstance(by_model, dict) else None
    factors = own.get("factors") if isinstance(own, dict) else None
    rows = []
    for name, estimate in factors.items() if isinstance(factors, dict) else ():
        low, high = map(number, estimate["interval"])
        rows.append((str(name), number(estimate["value"]), low, high))
    return sorted(rows, key=lambda row: -row[1])


def _cautions(entry: dict[str, Any]) -> list[str]:
    reasons = entry.get("why_exploratory")
    found = [f"Exploratory: {reason}." for reason in reasons] if isinstance(reasons, list) else []
    controls = entry.get("controls_hold")
    for model, holds in controls.items() if isinstance(controls, dict) else ():
        if not holds:
            found.append(f"A control does not hold for {architecture_title(str(model))}: its verdicts say little.")
    return found


def _counted(value: Any) -> str:
    """A count, given as a number or as a list."""
    if isinstance(value, list):
        return str(len(value))
    return f"{number(value):g}" if math.isfinite(number(value)) else "–"


def _code(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("commit") or value.get("version") or "")
    return str(value or "")


def _part(verdict: Verdict) -> dict[str, Any]:
    kind, sign = KINDS.get(verdict.verdict, ("other", "•"))
    titles = (ROLES.get(verdict.role, verdict.role), architecture_title(verdict.model))
    return {
        "kind": kind,
        "sign": sign,
        "verdict": verdict.verdict,
        "title": " · ".join(part for part in (verdict.hypothesis.replace("_", " "), *titles) if part),
        "text": verdict.text,
        "metric": verdict.metric,
        "is_exploratory": verdict.is_exploratory,
        "effect": _with_unit(verdict.effect, verdict.unit),
        "interval": f"{_signed(verdict.low)} to {_signed(verdict.high)}" if math.isfinite(verdict.low) else "",
        "smallest": f"{verdict.smallest:.3g} {verdict.unit}".rstrip() if math.isfinite(verdict.smallest) else "",
        "p": ("< 0.001" if verdict.p < 0.001 else f"{verdict.p:.3f}") if math.isfinite(verdict.p) else "–",
        "seeds": verdict.seeds,
        "songs": verdict.songs,
        "hours": f"{verdict.hours:.1f} h" if math.isfinite(verdict.hours) else "–",
        "hash": verdict.study_hash[:12],
        "code": verdict.code[:12],
        "forest": _forest(verdict),
    }


def _shares_part(verdict: Verdict) -> dict[str, Any]:
    """The factors of a design as a table with intervals on one line of 100 units from -20 % to 100 %."""

    def place(share: float) -> float:
        return WIDTH * min(1.0, max(0.0, (share + 0.2) / 1.2))

    return {
        "title": architecture_title(verdict.model),
        "metric": verdict.metric,
        "zero": place(0.0),
        "rows": [
            {
                "factor": name.replace("_", " "),
                "share": f"{100 * value:.0f} %",
                "interval": f"{100 * low:+.0f} to {100 * high:+.0f} %",
                "value": place(value),
                "low": place(low),
                "high": place(high),
            }
            for name, value, low, high in verdict.shares
        ],
    }


def _forest(verdict: Verdict) -> dict[str, float] | None:
    """Positions of effect, interval, zero and smallest effect on a line of 100 units; None without an interval."""
    values = [verdict.effect, verdict.low, verdict.high]
    if not all(map(math.isfinite, values)):
        return None
    smallest = abs(verdict.smallest) if math.isfinite(verdict.smallest) else 0.0
    reach = max(*(abs(value) for value in values), smallest) or 1.0

    def place(value: float) -> float:
        return WIDTH / 2 + (WIDTH / 2 - MARGIN) * value / reach

    return {
        "effect": place(verdict.effect),
        "low": place(verdict.low),
        "high": place(verdict.high),
        "zero": place(0.0),
        "band_low": place(-smallest),
        "band_high": place(smallest),
    }


def _signed(value: float) -> str:
    return f"{value:+.2f}" if math.isfinite(value) else "–"


def _with_unit(value: float, unit: str) -> str:
    return f"{_signed(value)} {unit}".rstrip()
