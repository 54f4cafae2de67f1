"""The table of metrics: what the suite computes, and how the terminal, the pages and the docs name it.

This is the only place where a metric has a name.
"""

from duetto.evaluation.metric import (
    DIAGNOSTIC,
    HEADLINE,
    PLACES,
    PREDICTOR,
    Metric,
    against_reference,
    by_itself,
    distance,
    place_name,
    plain,
)
from duetto.renamed import current_metric

__all__ = [
    "DIAGNOSTIC",
    "DIAGNOSTIC_WITHOUT_REFERENCE",
    "HEADLINE",
    "METRICS",
    "PLACES",
    "PREDICTOR",
    "Metric",
    "metric_named",
    "place_name",
]

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
        "Share of the source's timbre distance to the reference that the conversion removed; 100 % = identical. "
        "It needs no copy synthesis, so a weak vocoder cannot flatter it.",
        digits=0,
    ),
    *against_reference(
        "mcd", "MCD*", "dB", "down", "Timbre distance to the reference: clamped mel-cepstral distortion."
    ),
    *against_reference(
        "f0_rmse_cents",
        "F0 error",
        "cents",
        "down",
        "Root mean square pitch error over frames voiced in both.",
        is_diagnostic=True,
        digits=1,
    ),
    *against_reference(
        "gross_pitch_error",
        "Gross pitch error",
        "%",
        "down",
        "Frames more than 200 cents off.",
        is_diagnostic=True,
        digits=1,
    ),
    *against_reference(
        "voicing_error",
        "Voicing error",
        "%",
        "down",
        "Frames sung in one and not in the other.",
        is_diagnostic=True,
        digits=1,
    ),
    *against_reference(
        "speaker_similarity",
        "Speaker similarity",
        "",
        "up",
        "Cosine of speaker embeddings with the reference; valid at matched pitch only.",
        digits=3,
    ),
    Metric(
        "speaker_similarity_to_source",
        "Speaker similarity to the source",
        "",
        "down",
        "Cosine with the source at the target's pitch; below the similarity to the reference, the target is closer.",
        digits=3,
    ),
    *against_reference(
        "phone_error",
        "Phone error",
        "%",
        "down",
        "Phones that a recogniser hears otherwise than in the reference: substitutions, deletions and insertions.",
        digits=1,
    ),
    Metric(
        "phone_error_excess",
        "Phone error above the copy synthesis",
        "%",
        "down",
        "Phone error minus that of the copy synthesis, in points: what the conversion made harder to read.",
        digits=1,
    ),
    plain("rtf", "Real-time factor", "x", "down", "Seconds of work per second of audio."),
)

TIMBRE = (
    plain(
        "mcd_output_to_source",
        "MCD* to the source",
        "dB",
        "up",
        "How far the output moved from the transposed source; near 0 dB it was copied.",
        group="timbre",
    ),
    *distance(
        "log_spectral_distance",
        "log-spectral distance",
        "dB",
        "Distance over the linear spectrum, harmonics and noise included; overreacts to noise.",
        group="timbre",
    ),
    *distance("mel_distance", "mel distance", "dB", "The same over mel bands.", group="timbre"),
    *by_itself(
        "harmonics_to_noise", "Harmonics to noise", "dB", "reference", "Rises when noise is gated away.", group="timbre"
    ),
    *by_itself(
        "high_band_ratio", "High-band ratio", "dB", "reference", "Power of 8 to 11 kHz over 1 to 4 kHz.", group="timbre"
    ),
    *by_itself(
        "cutoff_hz",
        "Cut-off",
        "Hz",
        "reference",
        "Where the spectrum ends in a cliff; 12 000 Hz = nowhere below the scoring rate's limit.",
        group="timbre",
        digits=0,
    ),
)

HELD_NOTES = (
    *distance(
        "modulation_distance",
        "modulation distance",
        "dB",
        "Difference of the movement from 2 to 16 Hz inside held notes.",
        group="held notes",
    ),
    *by_itself(
        "modulation_energy",
        "Modulation energy",
        "dB",
        "reference",
        "Movement from 2 to 16 Hz inside held notes.",
        group="held notes",
    ),
    *by_itself(
        "dip_rate", "Dips", "/s", "reference", "Drop-outs of 20 to 250 ms inside held notes.", group="held notes"
    ),
    *by_itself(
        "held_pitch_deviation",
        "Held-note F0 deviation",
        "cents",
        "reference",
        "Wandering of the pitch inside held notes, vibrato taken out.",
        group="held notes",
        digits=1,
    ),
    *by_itself(
        "spectral_flux",
        "Spectral flux",
        "dB/s",
        "reference",
        "Restlessness of held notes; rises with noise too.",
        group="held notes",
        digits=0,
    ),
)

ARTEFACTS = (
    *against_reference(
        "hole_fraction",
        "Holes",
        "%",
        "down",
        "Cells of the reference that are more than 20 dB too low: what gates and subtraction leave.",
        group="artefacts",
    ),
    *against_reference(
        "log_kurtosis_ratio",
        "Log kurtosis ratio",
        "",
        "zero",
        "Musical noise in the pauses against the reference's.",
        group="artefacts",
    ),
    *against_reference(
        "comb_index",
        "Comb index",
        "dB",
        "down",
        "Strongest comb of 1 to 15 ms against the reference.",
        group="artefacts",
    ),
    *by_itself(
        "island_rate",
        "Off-harmonic islands",
        "/s/kHz",
        "reference",
        "Short lone tones beside the harmonics.",
        group="artefacts",
    ),
)

TRANSITIONS = (
    *distance(
        "delta_distance_boundary",
        "transition distance",
        "dB/s",
        "Difference of the cepstrum's slopes within 30 ms of a phone boundary.",
        group="transitions",
        digits=0,
    ),
    *distance(
        "delta_distance_elsewhere",
        "steady-frame distance",
        "dB/s",
        "The same more than 60 ms from every boundary.",
        group="transitions",
        digits=0,
    ),
    *against_reference(
        "delta_distance_excess",
        "Transition excess",
        "dB/s",
        "down",
        "Boundary minus elsewhere: what is lost in transitions in particular.",
        group="transitions",
        digits=0,
    ),
    *distance(
        "f2_slope_error",
        "F2 slope error",
        "Hz/ms",
        "Error of the second formant's slope at phone boundaries, F0 below 300 Hz.",
        group="transitions",
    ),
)

FACTS = (
    plain(
        "peak_memory", "Peak memory", "MiB", "down", "Largest resident size while converting.", group="cost", digits=0
    ),
    plain(
        "peak_gpu_memory", "Peak GPU memory", "MiB", "down", "Most that was allocated at once.", group="cost", digits=0
    ),
    plain("peak", "Peak", "", "down", "Largest magnitude of the output; 1 is full scale.", group="signal"),
    plain("clipped_share", "Clipped", "%", "down", "Samples in flat runs at full scale.", group="signal", digits=3),
    plain("dc_offset", "DC offset", "", "zero", "Mean of the output.", group="signal", digits=4),
    plain(
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
    for metric in by_itself(
        "predicted_quality",
        "Predicted quality (DNSMOS)",
        "",
        "up",
        "What a network trained on speech guesses, 1 to 5; falls with pitch and is blind to gating. Not a rating.",
        group="predictor",
        label=PREDICTOR,
    )
    if metric.place in ("output", "reference")
)

METRICS: tuple[Metric, ...] = (*HEADLINES, *TIMBRE, *HELD_NOTES, *ARTEFACTS, *TRANSITIONS, *FACTS, *PREDICTED)

# Without the reference these are diagnostics: measured against the transposed source, or on the output by itself.
DIAGNOSTIC_WITHOUT_REFERENCE = frozenset(metric.name for metric in METRICS if metric.is_diagnostic)


def metric_named(name: str) -> Metric:
    """Look a metric up by its key in metrics.json, old or new; KeyError if there is none."""
    return {metric.name: metric for metric in METRICS}[current_metric(name)]
