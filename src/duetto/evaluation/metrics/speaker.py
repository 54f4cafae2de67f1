"""Speaker similarity: cosine of speaker embeddings (`duetto.evaluation.models.speaker`)."""

import math

import numpy as np

from duetto.evaluation.analysis.audio import Embedding
from duetto.evaluation.measure import Comparison, Measure, ScoredSong, Scores
from duetto.evaluation.metric import Metric, against_reference


def embedding_similarity(reference: Embedding | None, estimate: Embedding | None) -> float:
    """Cosine of two unit vectors, 0 to 1; NaN when either is undefined."""
    if reference is None or estimate is None:
        return math.nan
    return float(np.clip(np.dot(reference, estimate), 0.0, 1.0))


def _compare(pair: Comparison) -> Scores:
    return {"speaker_similarity": embedding_similarity(pair.reference.embedding, pair.estimate.embedding)}


def _conclude(song: ScoredSong) -> Scores:
    if not song.reference.has_reference:
        return {}
    similarity = embedding_similarity(song.reference.source.embedding, song.heard.embedding)
    return {"speaker_similarity_to_source": similarity}


MEASURE = Measure(
    metrics=(
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
            "Cosine with the source at the target's pitch; below the similarity to the reference, the target is the "
            "closer.",
            digits=3,
        ),
    ),
    compare=_compare,
    conclude=_conclude,
)
