"""The scores of one recording, by family: everything that the registered measures compare and describe."""

from duetto.evaluation.analysis.audio import AnalysedAudio
from duetto.evaluation.analysis.world import FloatArray
from duetto.evaluation.measure import Alone, Comparison, Scores
from duetto.evaluation.registry import all_measures
from duetto.spans import Span


def compare(
    reference: AnalysedAudio, estimate: AnalysedAudio, has_reference: bool, boundaries_s: tuple[float, ...] | None
) -> Scores:
    """Every comparison that is defined.

    Args:
        reference: The reference, or the transposed source.
        estimate: What is scored.
        has_reference: Whether the reference is the reference; without it only diagnostics are compared.
        boundaries_s: Between the reference's phones; None = not known.
    """
    comparison = Comparison(reference, estimate, boundaries_s)
    scores: Scores = {}
    for measure in all_measures():
        if measure.compare is not None and (has_reference or not measure.needs_reference):
            scores |= measure.compare(comparison)
    return scores


def describe(audio: AnalysedAudio, notes: list[Span], reference_f0_hz: FloatArray) -> Scores:
    """Everything that is measured of a performance by itself; notes and harmonics are the reference contour's."""
    alone = Alone(audio, notes, reference_f0_hz)
    scores: Scores = {}
    for measure in all_measures():
        if measure.describe is not None:
            scores |= measure.describe(alone)
    return scores
