"""The scores of one recording, by family, from all registered measures."""

from duetto.evaluation.analysis.audio import AnalysedAudio
from duetto.evaluation.analysis.world import FloatArray
from duetto.evaluation.measure import Alone, Comparison, Scores
from duetto.evaluation.registry import all_measures
from duetto.spans import Span


def compare(
    reference: AnalysedAudio, estimate: AnalysedAudio, has_reference: bool, boundaries_s: tuple[float, ...] | None
) -> Scores:
    """Scores of all comparisons that are defined.

    Args:
        reference: The reference, or the transposed source in its place.
        estimate: The recording to score.
        has_reference: Whether `reference` is a true reference; if not, only diagnostics are computed.
        boundaries_s: Between the reference's phones; None = unknown.
    """
    comparison = Comparison(reference, estimate, boundaries_s)
    scores: Scores = {}
    for measure in all_measures():
        if measure.compare is not None and (has_reference or not measure.needs_reference):
            scores |= measure.compare(comparison)
    return scores


def describe(audio: AnalysedAudio, notes: list[Span], reference_f0_hz: FloatArray, frame_rate_hz: float) -> Scores:
    """All properties of a performance by itself; notes and harmonics come from the reference's contour."""
    alone = Alone(audio, notes, reference_f0_hz, frame_rate_hz)
    scores: Scores = {}
    for measure in all_measures():
        if measure.describe is not None:
            scores |= measure.describe(alone)
    return scores
