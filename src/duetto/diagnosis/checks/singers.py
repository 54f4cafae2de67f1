"""Several singers under one name: speaker embeddings are compared within bands of three semitones.

The evidence is weak: an embedding changes with pitch as much as with the person, which is why only equal pitches are
compared, and one singer's styles can still look like two singers. The check never gives more than a warning.

Predicts: the voice is an average of two.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from duetto.diagnosis.finding import Finding, Place
from duetto.diagnosis.sound import Heard
from duetto.evaluation.metrics.speaker import embedding_similarity
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.spans import true_spans

BAND_SEMITONES = 3
LEAST_S = 2.0  # of a recording within a band
LEAST_PAIRS = 3
DIFFERENT = 0.55  # cosine similarity of two recordings of a few seconds each


@dataclass(frozen=True)
class SingerEvidence:
    """Embeddings of a sound by pitch band."""

    recording: str
    singer: str
    bands: tuple[tuple[int, NDArray[np.float32]], ...]
    place: Place


def measure(heard: Heard, encoder: SpeakerEncoder) -> SingerEvidence:
    """Compute an embedding of a sound's notes in each band."""
    midi = np.round(heard.midi / BAND_SEMITONES)
    bands = []
    for band in np.unique(midi[np.isfinite(midi)]).astype(int).tolist():
        spans = true_spans(midi == band, 5)
        pieces = [heard.mono[a * heard.hop : b * heard.hop] for a, b in spans]
        if sum(len(piece) for piece in pieces) >= LEAST_S * heard.sample_rate:
            embedding = encoder.embed(np.concatenate(pieces), heard.sample_rate)
            if embedding is not None:
                bands.append((int(band), embedding))
    sound = heard.sound
    return SingerEvidence(sound.recording, sound.singer, tuple(bands), sound.place(0.0, min(4.0, sound.duration_s)))


def conclude(evidence: Sequence[SingerEvidence]) -> Finding:
    """Judge whether recordings under one name sound like one singer."""
    pairs = compare(evidence)
    numbers = {
        "pairs": float(len(pairs)),
        "lowest_similarity": min((value for _, _, value in pairs), default=float("nan")),
        "median_similarity": float(np.median([value for _, _, value in pairs])) if pairs else float("nan"),
    }
    if len(pairs) < LEAST_PAIRS:
        return Finding(
            "singers", "unknown", f"{len(pairs)} pairs of recordings share a pitch; {LEAST_PAIRS} are needed", numbers
        )
    strange = odd_one_out(pairs)
    low = sum(value < DIFFERENT for _, _, value in pairs)
    numbers["different_share"] = low / len(pairs)
    what = f"lowest similarity at equal pitch {numbers['lowest_similarity']:.2f} of {len(pairs)} pairs (weak evidence)"
    if numbers["different_share"] < 0.25:
        return Finding("singers", "fine", what, numbers)
    places = tuple(item.place for item in evidence if item.recording in strange)[:6]
    return Finding(
        "singers",
        "warning",
        f"{what}; {', '.join(sorted(strange)[:3])} may be another singer",
        numbers,
        "The voice becomes an average of two.",
        "Listen. If they are two people, put each into a separate folder and train with data.singer=NAME.",
        places,
    )


def compare(evidence: Sequence[SingerEvidence]) -> list[tuple[str, str, float]]:
    """Median similarity over the shared bands, for every two recordings under one name."""
    merged: dict[tuple[str, str, int], list[NDArray[np.float32]]] = defaultdict(list)
    for item in evidence:
        for band, embedding in item.bands:
            merged[(item.singer, item.recording, band)].append(embedding)
    by_recording: dict[tuple[str, str], dict[int, NDArray[np.float32]]] = defaultdict(dict)
    for (singer, recording, band), embeddings in merged.items():
        mean = np.mean(embeddings, axis=0)
        by_recording[(singer, recording)][band] = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    pairs = []
    for (one, first), (other, second) in combinations(sorted(by_recording), 2):
        shared = by_recording[(one, first)].keys() & by_recording[(other, second)].keys()
        if one == other and shared:
            values = [
                embedding_similarity(by_recording[(one, first)][b], by_recording[(other, second)][b]) for b in shared
            ]
            pairs.append((first, second, float(np.median(values))))
    return pairs


def odd_one_out(pairs: Sequence[tuple[str, str, float]]) -> set[str]:
    """Recordings whose median similarity to the others is the lowest, if it is below the limit."""
    values: dict[str, list[float]] = defaultdict(list)
    for first, second, value in pairs:
        values[first].append(value)
        values[second].append(value)
    medians = {name: float(np.median(v)) for name, v in values.items()}
    return {name for name, value in medians.items() if value < DIFFERENT} or {min(medians, key=lambda n: medians[n])}
