"""Features of a clip, in a file named by what they were made from.

A file's name is the fingerprint of the audio, the settings that the features depend on, the encoder's weights, and the
code and packages that extract them; so a stale file is never read, and two processes that make
the same file write the same bytes. The spectrogram is not stored, because computing it is faster than reading it.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from duetto.errors import StorageError
from duetto.features.content import ENCODERS, encoder_digest, find_encoder
from duetto.features.trackers.registry import TRACKERS, find_tracker, tracker_digest
from duetto.settings.config import FeaturesConfig
from duetto.storage.arrays import load_arrays, save_arrays
from duetto.storage.audio import Waveform
from duetto.storage.fingerprint import Fingerprint, fingerprint

NOT_NUMBERS = ("duetto.corpus", "duetto.device", "duetto.hub")  # where audio and weights come from, what computes
EXTRACTION = "duetto.features.extract"  # by name: it imports this module


@dataclass(frozen=True)
class ExtractionCode:
    """The code behind a set of features, as `duetto.storage.fingerprint` takes it."""

    modules: frozenset[str]
    beyond: frozenset[str]  # encoders and trackers that these features do not use
    packages: tuple[str, ...]  # distributions that the used ones call


@dataclass(frozen=True)
class ClipFeatures:
    """Features of one clip, on one time grid of T frames."""

    content: NDArray[np.float32]  # (T, D)
    f0_hz: NDArray[np.float32]  # (T,), 0.0 = unvoiced
    waveform: Waveform  # (S,) at features.sample_rate, S = T * hop_length

    @property
    def num_frames(self) -> int:
        """T."""
        return len(self.f0_hz)

    @property
    def num_bytes(self) -> int:
        """Of the arrays."""
        return self.content.nbytes + self.f0_hz.nbytes + self.waveform.nbytes


def feature_path(cache: Path, audio_sha256: str, config: FeaturesConfig) -> Path:
    """Where the features of an audio file are kept; settings of the spectrogram do not count.

    Raises:
        ConfigError: If the content encoder does not exist.
    """
    digest = features_from(audio_sha256, config).digest
    return cache / digest[:2] / f"{digest[:32]}.npz"


def features_from(audio_sha256: str, config: FeaturesConfig) -> Fingerprint:
    """What the features of an audio file are made of.

    Raises:
        ConfigError: If the content encoder does not exist.
    """
    settings = {
        "sample_rate": config.sample_rate,
        "hop_length": config.hop_length,
        "content": [config.content.encoder, config.content.layer, config.content.dimension],
        "f0": replace(config.f0, path=None),
        "timing": config.timing,
    }
    inputs = {"audio": audio_sha256, "encoder": encoder_digest(config.content)}
    tracker = tracker_digest(config.f0)
    inputs |= {"tracker": tracker} if tracker is not None else {}
    code = extraction_code(config)
    return fingerprint(settings, inputs, code.modules, {*NOT_NUMBERS, *code.beyond}, code.packages)


def extraction_code(config: FeaturesConfig) -> ExtractionCode:
    """What extracts these features, and what only others are extracted with.

    Raises:
        ConfigError: If the content encoder or the tracker does not exist.
    """
    encoder, tracker = find_encoder(config.content.encoder), find_tracker(config.f0.method)
    modules = {EXTRACTION, encoder.open.__module__, tracker.open.__module__}
    known = {each.open.__module__ for each in ENCODERS} | {each.open.__module__ for each in TRACKERS}
    return ExtractionCode(frozenset(modules), frozenset(known - modules), encoder.packages + tracker.packages)


def save_features(features: ClipFeatures, path: Path) -> None:
    """Write a clip's features atomically.

    Raises:
        StorageError: If the folder cannot be written.
    """
    save_arrays({"content": features.content, "f0_hz": features.f0_hz, "waveform": features.waveform}, path)


def load_features(path: Path) -> ClipFeatures:
    """Read a clip's features; every byte is checked against the file's checksums.

    Raises:
        StorageError: If the file is missing or damaged.
    """
    try:
        arrays = load_arrays(path)
        features = ClipFeatures(*(arrays[name] for name in ("content", "f0_hz", "waveform")))
    except FileNotFoundError as error:
        raise StorageError(f"The feature file {path} is missing. Extract the features again.") from error
    except (ValueError, KeyError) as error:
        raise StorageError(f"The feature file {path} is damaged ({error}). Delete it and run again.") from error
    _check(features, path)
    return features


def _check(features: ClipFeatures, path: Path) -> None:
    arrays = (features.content, features.f0_hz, features.waveform)
    count = features.f0_hz.size
    is_shaped = features.content.ndim == 2 and features.f0_hz.ndim == 1 and features.waveform.ndim == 1
    is_aligned = is_shaped and count > 0 and len(features.content) == count and features.waveform.size % count == 0
    if not is_aligned or any(array.dtype != np.float32 for array in arrays):
        shapes = ", ".join(f"{array.dtype} {array.shape}" for array in arrays)
        raise StorageError(
            f"The feature file {path} is damaged: expected float32 content (T, D), f0 (T,), waveform (T * hop,), "
            f"found {shapes}. Delete it and run again."
        )
