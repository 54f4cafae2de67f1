"""The parts of each recording that preprocessing kept, as labels."""

from collections.abc import Sequence

from duetto.corpus.manifest import Clip
from duetto.preprocess.steps.labels import Label

KEPT = "keep"


def kept_labels(clips: Sequence[Clip]) -> dict[str, tuple[Label, ...]]:
    """Song -> a label for each preprocessed clip, in seconds of the recording, in order of time."""
    tracks: dict[str, list[Label]] = {}
    for clip in clips:
        start_s = clip.start / clip.sample_rate
        tracks.setdefault(clip.song, []).append(Label(max(0.0, start_s), start_s + clip.duration_s, KEPT))
    return {song: tuple(sorted(labels, key=lambda label: label.start_s)) for song, labels in sorted(tracks.items())}
