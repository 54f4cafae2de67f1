"""The table of metrics: what the suite computes, and how the terminal, the pages and the docs name it.

This is the only place where a metric has a name. A family is a score and the same measured at other places:
the source and the truth through the vocoder as bounds, and for scores that need no reference the truth itself.
"""

import math
from dataclasses import dataclass, replace

DIAGNOSTIC = "diagnostic"  # label of a number that has no ground truth behind it
PREDICTOR = "predictor"  # label of a number that a network guessed
HEADLINE = "headline"  # the group that is shown first
PLACES = ("output", "source", "resynthesis", "truth")


@dataclass(frozen=True)
class Metric:
    """One row of the table of metrics."""

    name: str  # key in metrics.json
    title: str  # for people
    unit: str  # dB, cents, %, x, samples, or empty for a plain number
    direction: str  # what is best: "down" = low, "up" = high, "zero" = near 0, "truth" = near the truth's own
    meaning: str  # one line
    group: str = (
        HEADLINE  # headline | timbre | melody | held notes | artefacts | transitions | cost | signal | predictor
    )
    family: str = ""  # metrics of one family are a score and its bounds
    place: str = "output"  # output | source (lower bound) | resynthesis (upper bound) | truth
    needs_truth: bool = True  # undefined without the truth
    is_diagnostic: bool = False  # defined without the truth, but then a diagnostic and never a verdict
    label: str = ""  # always shown beside it
    digits: int = 2

    def shown(self, value: float | None) -> str:
        """The value with its unit, as people read it; an undefined one is an n-dash."""
        if value is None or not math.isfinite(value):
            return "–"
        if self.unit == "%":
            return f"{100.0 * value:.{self.digits}f} %"
        return f"{value:.{self.digits}f} {self.unit}".rstrip()


def place_name(family: str, place: str) -> str:
    """Key of a family's score at a place: the bare name for the output, `mcd_output` excepted."""
    return family if place == "output" and family != "mcd" else f"{family}_{place}"


PLACE_TITLES = {"source": "unconverted source", "resynthesis": "vocoder bound", "truth": "the truth itself"}


def _against_truth(family: str, title: str, unit: str, direction: str, meaning: str, **more: object) -> list[Metric]:
    """A comparison with the truth, with its bounds: the unconverted source, and the truth through the vocoder."""
    score = replace(Metric(place_name(family, "output"), title, unit, direction, meaning), family=family, **more)  # type: ignore[arg-type]
    notes = {
        "source": f"Lower bound of {score.name}: the source, transposed to the target's pitch.",
        "resynthesis": f"Upper bound of {score.name}: the truth through the vocoder.",
    }
    return [score, *(_at(score, place, note) for place, note in notes.items())]


def _distance(family: str, title: str, unit: str, meaning: str, **more: object) -> list[Metric]:
    """A distance to the truth with its bounds, and the share of the gap between them that was closed."""
    rows = _against_truth(family, title[0].upper() + title[1:], unit, "down", meaning, **more)
    closed = f"Share of the gap in {title} between the source and the vocoder's best that the conversion closed."
    gap = Metric(f"{family}_gap_closed", f"Gap closed, {title}", "%", "up", closed, rows[0].group, digits=0)
    return [*rows, gap]


def _by_itself(family: str, title: str, unit: str, direction: str, meaning: str, **more: object) -> list[Metric]:
    """A property of a recording, beside the same of source, vocoder bound and truth; without the truth a diagnostic."""
    score = Metric(family, title, unit, direction, meaning, family=family, needs_truth=False, is_diagnostic=True)
    score = replace(score, **more)  # type: ignore[arg-type]
    return [score, *(_at(score, place, f"{title} of {PLACE_TITLES[place]}.") for place in PLACES[1:])]


def _at(score: Metric, place: str, meaning: str) -> Metric:
    return replace(
        score,
        name=place_name(score.family, place),
        title=f"{score.title}, {PLACE_TITLES[place]}",
        meaning=meaning,
        place=place,
        needs_truth=score.needs_truth or place != "source",
        is_diagnostic=score.is_diagnostic and not score.needs_truth and place == "source",
    )


def _plain(name: str, title: str, unit: str, direction: str, meaning: str, **more: object) -> Metric:
    """A fact of the output or of the work, which needs no truth."""
    return replace(Metric(name, title, unit, direction, meaning, needs_truth=False), **more)  # type: ignore[arg-type]


HEADLINES = (
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
    *_against_truth("mcd", "MCD*", "dB", "down", "Timbre distance to the truth: clamped mel-cepstral distortion."),
    *_against_truth(
        "f0_rmse_cents",
        "F0 error",
        "cents",
        "down",
        "Root mean square pitch error over frames voiced in both.",
        is_diagnostic=True,
        digits=1,
    ),
    *_against_truth(
        "gross_pitch_error",
        "Gross pitch error",
        "%",
        "down",
        "Frames more than 200 cents off.",
        is_diagnostic=True,
        digits=1,
    ),
    *_against_truth(
        "voicing_error",
        "Voicing error",
        "%",
        "down",
        "Frames sung in one and not in the other.",
        is_diagnostic=True,
        digits=1,
    ),
    *_against_truth(
        "speaker_similarity",
        "Speaker similarity",
        "",
        "up",
        "Cosine of speaker embeddings with the truth; valid at matched pitch only.",
        digits=3,
    ),
    Metric(
        "speaker_similarity_to_source",
        "Speaker similarity to the source",
        "",
        "down",
        "Cosine with the source at the target's pitch; below the similarity to the truth, the target is the closer.",
        digits=3,
    ),
    *_against_truth(
        "phone_error",
        "Phone error",
        "%",
        "down",
        "Phones that a recogniser hears otherwise than in the truth: substitutions, deletions and insertions.",
        digits=1,
    ),
    Metric(
        "phone_error_excess",
        "Phone error above the vocoder bound",
        "%",
        "down",
        "Phone error minus that of the truth through the vocoder, in points: what the conversion made harder to read.",
        digits=1,
    ),
    _plain("rtf", "Real-time factor", "x", "down", "Seconds of work per second of audio."),
)

TIMBRE = (
    _plain(
        "mcd_output_to_source",
        "MCD* to the source",
        "dB",
        "up",
        "How far the output moved from the transposed source; near 0 dB it was copied.",
        group="timbre",
    ),
    *_distance(
        "log_spectral_distance",
        "log-spectral distance",
        "dB",
        "Distance over the linear spectrum, harmonics and noise included; overreacts to noise.",
        group="timbre",
    ),
    *_distance("mel_distance", "mel distance", "dB", "The same over mel bands.", group="timbre"),
    *_by_itself(
        "harmonics_to_noise", "Harmonics to noise", "dB", "truth", "Rises when noise is gated away.", group="timbre"
    ),
    *_by_itself(
        "high_band_ratio", "High-band ratio", "dB", "truth", "Power of 8 to 11 kHz over 1 to 4 kHz.", group="timbre"
    ),
    *_by_itself(
        "cutoff_hz",
        "Cut-off",
        "Hz",
        "truth",
        "Where the spectrum ends in a cliff; 12 000 Hz = nowhere below the scoring rate's limit.",
        group="timbre",
        digits=0,
    ),
)

HELD_NOTES = (
    *_distance(
        "modulation_distance",
        "modulation distance",
        "dB",
        "Difference of the movement from 2 to 16 Hz inside held notes.",
        group="held notes",
    ),
    *_by_itself(
        "modulation_energy",
        "Modulation energy",
        "dB",
        "truth",
        "Movement from 2 to 16 Hz inside held notes.",
        group="held notes",
    ),
    *_by_itself("dip_rate", "Dips", "/s", "truth", "Drop-outs of 20 to 250 ms inside held notes.", group="held notes"),
    *_by_itself(
        "held_pitch_deviation",
        "Held-note F0 deviation",
        "cents",
        "truth",
        "Wandering of the pitch inside held notes, vibrato taken out.",
        group="held notes",
        digits=1,
    ),
    *_by_itself(
        "spectral_flux",
        "Spectral flux",
        "dB/s",
        "truth",
        "Restlessness of held notes; rises with noise too.",
        group="held notes",
        digits=0,
    ),
)

ARTEFACTS = (
    *_against_truth(
        "hole_fraction",
        "Holes",
        "%",
        "down",
        "Cells of the truth that are more than 20 dB too low: what gates and subtraction leave.",
        group="artefacts",
    ),
    *_against_truth(
        "log_kurtosis_ratio",
        "Log kurtosis ratio",
        "",
        "zero",
        "Musical noise in the pauses against the truth's.",
        group="artefacts",
    ),
    *_against_truth(
        "comb_index", "Comb index", "dB", "down", "Strongest comb of 1 to 15 ms against the truth.", group="artefacts"
    ),
    *_by_itself(
        "island_rate",
        "Off-harmonic islands",
        "/s/kHz",
        "truth",
        "Short lone tones beside the harmonics.",
        group="artefacts",
    ),
)

TRANSITIONS = (
    *_distance(
        "delta_distance_boundary",
        "transition distance",
        "dB/s",
        "Difference of the cepstrum's slopes within 30 ms of a phone boundary.",
        group="transitions",
        digits=0,
    ),
    *_distance(
        "delta_distance_elsewhere",
        "steady-frame distance",
        "dB/s",
        "The same more than 60 ms from every boundary.",
        group="transitions",
        digits=0,
    ),
    *_against_truth(
        "delta_distance_excess",
        "Transition excess",
        "dB/s",
        "down",
        "Boundary minus elsewhere: what is lost in transitions in particular.",
        group="transitions",
        digits=0,
    ),
    *_distance(
        "f2_slope_error",
        "F2 slope error",
        "Hz/ms",
        "Error of the second formant's slope at phone boundaries, F0 below 300 Hz.",
        group="transitions",
    ),
)

FACTS = (
    _plain(
        "peak_memory", "Peak memory", "MiB", "down", "Largest resident size while converting.", group="cost", digits=0
    ),
    _plain(
        "peak_gpu_memory", "Peak GPU memory", "MiB", "down", "Most that was allocated at once.", group="cost", digits=0
    ),
    _plain("peak", "Peak", "", "down", "Largest magnitude of the output; 1 is full scale.", group="signal"),
    _plain("clipped_share", "Clipped", "%", "down", "Samples in flat runs at full scale.", group="signal", digits=3),
    _plain("dc_offset", "DC offset", "", "zero", "Mean of the output.", group="signal", digits=4),
    _plain(
        "length_error_samples",
        "Length error",
        "samples",
        "zero",
        "Samples of the output beyond its source's length.",
        group="signal",
        digits=0,
    ),
)

PREDICTED = tuple(
    metric
    for metric in _by_itself(
        "predicted_quality",
        "Predicted quality (DNSMOS)",
        "",
        "up",
        "What a network trained on speech guesses, 1 to 5; falls with pitch and is blind to gating. Not a rating.",
        group="predictor",
        label=PREDICTOR,
    )
    if metric.place in ("output", "truth")
)

METRICS: tuple[Metric, ...] = (*HEADLINES, *TIMBRE, *HELD_NOTES, *ARTEFACTS, *TRANSITIONS, *FACTS, *PREDICTED)

# Without the truth these are diagnostics: measured against the transposed source, or on the output by itself.
DIAGNOSTIC_WITHOUT_TRUTH = frozenset(metric.name for metric in METRICS if metric.is_diagnostic)


def metric_named(name: str) -> Metric:
    """Look a metric up by its key in metrics.json; KeyError if there is none."""
    return {metric.name: metric for metric in METRICS}[name]
