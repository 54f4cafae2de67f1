"""The metrics in one table: what the suite computes, and how the terminal, the page and the docs name it."""

import math
from dataclasses import dataclass

DIAGNOSTIC = "diagnostic"  # label of a number that has no ground truth behind it


@dataclass(frozen=True)
class Metric:
    """One row of the table of metrics."""

    name: str  # key in metrics.json
    title: str  # for people
    unit: str  # dB, cents, %, x, samples, or empty for a plain number
    direction: str  # "down" = lower is better, "up" = higher is better, "zero" = nearest to 0 is best
    meaning: str  # one line
    family: str = ""  # metrics of one family are a score and its two bounds
    place: str = "output"  # output | source (lower bound) | resynthesis (upper bound)
    needs_truth: bool = True  # undefined, or only a diagnostic, without the truth
    digits: int = 2

    def shown(self, value: float | None) -> str:
        """The value with its unit, as people read it; an undefined one is an n-dash."""
        if value is None or not math.isfinite(value):
            return "–"
        if self.unit == "%":
            return f"{100.0 * value:.{self.digits}f} %"
        return f"{value:.{self.digits}f} {self.unit}".rstrip()


def _bounded(family: str, title: str, unit: str, direction: str, meaning: str, digits: int = 2) -> list[Metric]:
    """A score with its bounds: the unconverted source, and the truth through the vocoder."""
    output_name = "mcd_output" if family == "mcd" else family
    return [
        Metric(output_name, title, unit, direction, meaning, family, "output", digits=digits),
        Metric(
            f"{family}_source",
            f"{title}, unconverted source",
            unit,
            direction,
            f"Lower bound of {output_name}: the source, transposed to the target's pitch.",
            family,
            "source",
            digits=digits,
        ),
        Metric(
            f"{family}_resynthesis",
            f"{title}, vocoder bound",
            unit,
            direction,
            f"Upper bound of {output_name}: the truth through the vocoder.",
            family,
            "resynthesis",
            digits=digits,
        ),
    ]


METRICS: tuple[Metric, ...] = (
    Metric(
        "mcd_gap_closed",
        "Gap closed",
        "%",
        "up",
        "Share of the timbre distance from the source to the vocoder's best that the conversion went; "
        "0 % = did nothing, below 0 % = worse than the source.",
        digits=0,
    ),
    Metric(
        "mcd_distance_closed",
        "Distance closed",
        "%",
        "up",
        "Share of the source's timbre distance to the truth that the conversion removed; 100 % = identical. "
        "It needs no vocoder bound, so a weak vocoder cannot flatter it.",
        digits=0,
    ),
    *_bounded("mcd", "MCD*", "dB", "down", "Timbre distance to the truth: clamped mel-cepstral distortion."),
    *_bounded(
        "f0_rmse_cents", "F0 error", "cents", "down", "Root mean square pitch error over frames voiced in both.", 1
    ),
    *_bounded("gross_pitch_error", "Gross pitch error", "%", "down", "Frames more than 200 cents off.", 1),
    *_bounded("voicing_error", "Voicing error", "%", "down", "Frames sung in one and not in the other.", 1),
    *_bounded(
        "speaker_similarity",
        "Speaker similarity",
        "",
        "up",
        "Cosine of speaker embeddings with the truth; valid at matched pitch only.",
        3,
    ),
    Metric(
        "mcd_output_to_source",
        "MCD* to the source",
        "dB",
        "up",
        "How far the output moved from the transposed source; near 0 dB it was copied.",
        needs_truth=False,
    ),
    Metric("rtf", "Real-time factor", "x", "down", "Seconds of work per second of audio.", needs_truth=False),
    Metric("peak", "Peak", "", "down", "Largest magnitude of the output; 1 is full scale.", needs_truth=False),
    Metric("clipped_share", "Clipped", "%", "down", "Samples in flat runs at full scale.", needs_truth=False, digits=3),
    Metric("dc_offset", "DC offset", "", "zero", "Mean of the output.", needs_truth=False, digits=4),
    Metric(
        "length_error_samples",
        "Length error",
        "samples",
        "zero",
        "Samples of the output beyond its source's length.",
        needs_truth=False,
        digits=0,
    ),
)

# Without the truth these are measured against the transposed source instead, and labelled diagnostics.
DIAGNOSTIC_WITHOUT_TRUTH = frozenset({"f0_rmse_cents", "gross_pitch_error", "voicing_error"})


def metric_named(name: str) -> Metric:
    """Look a metric up by its key in metrics.json; KeyError if there is none."""
    return {metric.name: metric for metric in METRICS}[name]
