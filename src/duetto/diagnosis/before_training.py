"""The short examination before training: pitch of all clips from their features, the rest from one minute of audio.

It is cached under a fingerprint of its inputs, so that it is computed once per corpus.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from duetto.corpus.manifest import Clip, Manifest
from duetto.diagnosis.checks import register, tempo
from duetto.diagnosis.checks.amount import AmountEvidence
from duetto.diagnosis.checks.duplicates import DuplicateEvidence
from duetto.diagnosis.checks.songs import corpus_songs
from duetto.diagnosis.diagnosis import Diagnosis, diagnosis_from_dict
from duetto.diagnosis.examine import SHORT, Examination, close
from duetto.diagnosis.sound import FRAME_S, Heard, Sound
from duetto.errors import StorageError
from duetto.features.f0 import interpolate_f0
from duetto.features.memory import recall_features
from duetto.features.trackers.registry import second_opinion
from duetto.settings.config import FeaturesConfig
from duetto.storage.audio import read_channels
from duetto.storage.files import read_json, write_json
from duetto.storage.fingerprint import fingerprint
from duetto.storage.leftovers import tidy

SAMPLE_S = 60.0  # of audio that is analysed
FROM_FEATURES = frozenset({"register", "tempo", "duplicates"})
OF_ALL = FROM_FEATURES | {"amount"}


def examine_before_training(
    folder: Path, manifest: Manifest, feature_paths: Mapping[str, Path], features: FeaturesConfig, cache: Path
) -> Diagnosis:
    """Examine the training data.

    Args:
        folder: The preprocessed corpus.
        manifest: Its manifest.
        feature_paths: Feature file of every training clip, by clip id.
        features: Settings with which the features were extracted.
        cache: Folder of cached diagnoses.

    Returns:
        The short diagnosis, from the cache if corpus, pitch tracker and this package's code are unchanged.
    """
    second = second_opinion(features.f0.method)
    settings = {"f0": replace(features.f0, path=None), "second": second}
    made_of = fingerprint(settings, {"corpus": manifest.content_hash()}, [__name__], beyond=["duetto.corpus"])
    path = cache / f"{made_of.digest[:32]}.json"
    tidy(cache)
    try:
        return diagnosis_from_dict(read_json(path))
    except (StorageError, KeyError, TypeError, ValueError):
        pass  # missing, or of another version: computed below and written again
    examination = Examination(SHORT, second_tracker=second)
    clips = manifest.select("target", "train")
    contours = {clip.id: contour(feature_paths[clip.id], clip, features) for clip in clips if clip.id in feature_paths}
    for clip in clips:
        examination.add("amount", AmountEvidence(clip.duration_s, clip.duration_s))  # slicing has removed silences
        if clip.id in contours:
            silent = np.broadcast_to(np.float32(0.0), (1, clip.num_samples))  # only its pitch is used
            heard = Heard(_sound(clip, silent), examination.tracker, contours[clip.id])
            examination.add("register", register.measure(heard))
            examination.add("tempo", tempo.measure(heard))
    for clip in manifest.select("target"):
        examination.add("duplicates", DuplicateEvidence(clip.id, clip.split, 0.0, clip.duration_s, clip.sha256, ()))
    for clip in sample([clip for clip in clips if clip.id in contours], SAMPLE_S):
        channels, _ = read_channels(folder / clip.path)
        examination.hear(_sound(clip, channels), contours[clip.id], OF_ALL)
    diagnosis = close(manifest.case, examination, corpus_songs(folder, manifest))
    write_json(path, diagnosis.as_dict())
    return diagnosis


def sample(clips: list[Clip], seconds: float) -> list[Clip]:
    """Clips spread evenly over the list, of about the given total duration; all of them if they are shorter."""
    total = sum(clip.duration_s for clip in clips)
    if total <= seconds:
        return clips
    count = max(1, round(len(clips) * seconds / total))
    return [clips[index] for index in np.unique(np.linspace(0, len(clips) - 1, count).round().astype(int))]


def contour(path: Path, clip: Clip, features: FeaturesConfig) -> NDArray[np.float32]:
    """Pitch of a clip from its feature file, resampled to the doctor's frames, Hz."""
    f0_hz = recall_features(path).f0_hz.astype(np.float64)
    times_s = (np.arange(len(f0_hz)) + 0.5) * features.hop_length / features.sample_rate
    frames = -(-clip.num_samples // max(1, round(FRAME_S * clip.sample_rate)))
    return interpolate_f0(times_s, f0_hz, np.asarray((np.arange(frames) + 0.5) * FRAME_S, dtype=np.float64))


def _sound(clip: Clip, channels: NDArray[np.float32]) -> Sound:
    return Sound(clip.id, channels, clip.sample_rate, 0.0, clip.split, clip.singer)
