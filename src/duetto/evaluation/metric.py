"""The description of a metric for display, and the kinds of metrics.

A family is one score at several places: the output, the bounds (source and copy synthesis) and, for scores that need no
reference, the reference itself.
"""

import math
from dataclasses import dataclass, replace

DIAGNOSTIC = "diagnostic"  # label of a number without a reference behind it
PREDICTOR = "predictor"  # label of a number that a network predicted
HEADLINE = "headline"  # the group that is shown first
PLACES = ("output", "source", "copy_synthesis", "reference")

# name and symbol of each direction
BETTER = {"up": "higher", "down": "lower", "zero": "near\u00a00", "reference": "as the reference"}
ARROWS = {"up": "↑", "down": "↓", "zero": "→0", "reference": "→reference"}


@dataclass(frozen=True)
class Metric:
    """One row of the table of metrics."""

    name: str  # key in metrics.json
    title: str  # for people
    unit: str  # dB, cents, %, x, samples, or empty for a plain number
    direction: str  # best value: "down" = low, "up" = high, "zero" = near 0, "reference" = near the reference's own
    meaning: str  # one line
    group: str = (
        HEADLINE  # headline | timbre | melody | held notes | artefacts | transitions | cost | signal | predictor
    )
    family: str = ""  # metrics of one family are a score and its bounds
    place: str = "output"  # output | source (lower bound) | copy synthesis (upper bound) | reference
    needs_reference: bool = True  # undefined without the reference
    is_diagnostic: bool = False  # defined without the reference, but then only a diagnostic
    label: str = ""  # always shown beside it
    digits: int = 2

    def shown(self, value: float | None) -> str:
        """The value with its unit, for display; an undefined value is an en dash."""
        if value is None or not math.isfinite(value):
            return "–"
        if self.unit == "%":
            return f"{100.0 * value:.{self.digits}f} %"
        return f"{value:.{self.digits}f} {self.unit}".rstrip()


def place_name(family: str, place: str) -> str:
    """Key of a family's score at a place: the bare name for the output, `mcd_output` excepted."""
    return family if place == "output" and family != "mcd" else f"{family}_{place}"


PLACE_TITLES = {"source": "unconverted source", "copy_synthesis": "copy synthesis", "reference": "the reference itself"}


def against_reference(family: str, title: str, unit: str, direction: str, meaning: str, **more: object) -> list[Metric]:
    """A comparison with the reference, with its bounds: the unconverted source and the copy synthesis."""
    score = replace(Metric(place_name(family, "output"), title, unit, direction, meaning), family=family, **more)  # type: ignore[arg-type]
    notes = {
        "source": f"Lower bound of {score.name}: the source, transposed to the target's pitch.",
        "copy_synthesis": f"Upper bound of {score.name}: the reference through the vocoder.",
    }
    return [score, *(_at(score, place, note) for place, note in notes.items())]


def distance(family: str, title: str, unit: str, meaning: str, **more: object) -> list[Metric]:
    """A distance to the reference with its bounds, and the share of the gap between them that was closed."""
    rows = against_reference(family, title[0].upper() + title[1:], unit, "down", meaning, **more)
    closed = f"Share of the gap in {title} between source and copy synthesis that the conversion closed."
    gap = Metric(f"{family}_gap_closed", f"Gap closed, {title}", "%", "up", closed, rows[0].group, digits=0)
    return [*rows, gap]


def by_itself(family: str, title: str, unit: str, direction: str, meaning: str, **more: object) -> list[Metric]:
    """A property of the output, also of source, copy synthesis and reference; a diagnostic without a reference."""
    score = Metric(family, title, unit, direction, meaning, family=family, needs_reference=False, is_diagnostic=True)
    score = replace(score, **more)  # type: ignore[arg-type]
    return [score, *(_at(score, place, f"{title} of {PLACE_TITLES[place]}.") for place in PLACES[1:])]


def _at(score: Metric, place: str, meaning: str) -> Metric:
    return replace(
        score,
        name=place_name(score.family, place),
        title=f"{score.title}, {PLACE_TITLES[place]}",
        meaning=meaning,
        place=place,
        needs_reference=score.needs_reference or place != "source",
        is_diagnostic=score.is_diagnostic and not score.needs_reference and place == "source",
    )


def plain(name: str, title: str, unit: str, direction: str, meaning: str, **more: object) -> Metric:
    """A fact about the output or the conversion, which needs no reference."""
    return replace(Metric(name, title, unit, direction, meaning, needs_reference=False), **more)  # type: ignore[arg-type]
