"""Timbre distance between two performances of the same score: the clamped mel-cepstral distortion.

MCD* is the mel-cepstral distortion over frames voiced in both, with the level of every frame removed
and each envelope clamped 60 dB below its maximum, so that differences between digital silence and faint noise do not
dominate. There is no time warping: both sing the same score at the same time. The envelope itself changes with pitch,
so compare only at the same pitch and between the bounds.

Equation: 10 / ln 10 * sqrt(2 * sum_{m=1}^{24} (c_m - c'_m)^2) dB, where log|H| = c_0 + sum_m c_m cos(m w)
over a mel-spaced axis w. By Parseval that is the root mean square difference in dB of the two
smoothed envelopes along the mel axis.

Reference: Kubichek, Proc. IEEE Pacific Rim Conference, 1993.
"""

import math

import numpy as np
from numpy.typing import NDArray

from duetto.evaluation.analysis.audio import AnalysedAudio
from duetto.evaluation.analysis.world import FloatArray
from duetto.evaluation.bounds import gap_closed
from duetto.evaluation.measure import Comparison, Measure, ScoredSong, Scores
from duetto.evaluation.metric import Metric, against_reference, plain

DB_PER_NEPER = 20.0 / math.log(10.0)


def cepstral_distance(reference: FloatArray, estimate: FloatArray, is_scored: NDArray[np.bool_]) -> float:
    """Mean distortion over chosen frames.

    Args:
        reference: From `duetto.evaluation.analysis.cepstrum`, (T, 24).
        estimate: (T', 24); surplus frames of the longer one are ignored.
        is_scored: (T'',), at most as long as the shorter one.

    Returns:
        dB, lower is better; NaN when no frame is chosen.
    """
    num_frames = min(len(reference), len(estimate), len(is_scored))
    chosen = is_scored[:num_frames]
    if not chosen.any():
        return math.nan
    difference = reference[:num_frames][chosen] - estimate[:num_frames][chosen]
    return float(np.mean(0.5 * DB_PER_NEPER * np.sqrt(2.0 * np.sum(difference**2, axis=1))))


def timbre_distance(reference: AnalysedAudio, estimate: AnalysedAudio) -> float:
    """MCD*, dB, where both are voiced."""
    is_scored = (reference.f0_hz > 0.0) & (estimate.f0_hz > 0.0)
    return cepstral_distance(reference.cepstrum, estimate.cepstrum, is_scored)


def _compare(pair: Comparison) -> Scores:
    return {"mcd": timbre_distance(pair.reference, pair.estimate)}


def _conclude(song: ScoredSong) -> Scores:
    return {
        "mcd_output_to_source": timbre_distance(song.reference.source, song.heard),
        "mcd_distance_closed": gap_closed(song.scores["mcd_source"], song.scores["mcd_output"], 0.0),
    }


MEASURE = Measure(
    metrics=(
        Metric(
            "mcd_gap_closed",
            "Gap closed",
            "%",
            "up",
            "Share of the gap in timbre between source and copy synthesis that the conversion closed; "
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
        plain(
            "mcd_output_to_source",
            "MCD* to the source",
            "dB",
            "up",
            "Distance of the output from the transposed source; near 0 dB it is a copy.",
            group="timbre",
        ),
    ),
    compare=_compare,
    conclude=_conclude,
)
