"""Preprocessed corpora and features that several runs need: one process makes them, the others wait for it.

Two at once would do no harm, since both write the same bytes under the same names; they would only work twice.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from duetto.corpus.jobs import is_complete
from duetto.corpus.manifest import Manifest, load_manifest
from duetto.features.cache import feature_path
from duetto.features.extract import FeatureSet, extract_corpus
from duetto.preprocess.pipeline import preprocess_corpus, treated_from
from duetto.preprocess.segment import Step
from duetto.progress import ReportCount, ReportProgress
from duetto.settings.config import FeaturesConfig
from duetto.storage.files import sha256_json
from duetto.storage.locks import in_turn


def preprocess_once(
    folder: Path,
    steps: Mapping[str, Step],
    cache: Path,
    settings: dict[str, Any],
    progress: ReportProgress,
    keeps_intermediates: bool,
) -> Path:
    """The same as `preprocess_corpus`; errors as there."""

    def preprocess() -> Path:
        return preprocess_corpus(folder, steps, cache, settings, progress, keep_intermediates=keeps_intermediates)

    name = treated_from(load_manifest(folder), steps, settings, keeps_intermediates).digest[:12]
    if is_complete(cache / name):
        return preprocess()
    with in_turn(cache / f".{name}.lock", is_harmless=True):
        return preprocess()


def extract_once(
    folder: Path, manifest: Manifest, config: FeaturesConfig, cache: Path, progress: ReportCount
) -> FeatureSet:
    """The same as `extract_corpus`; errors as there."""
    paths = sorted(str(feature_path(cache, clip.sha256, config)) for clip in manifest.clips)
    if all(Path(path).is_file() for path in paths):
        return extract_corpus(folder, manifest, config, cache, progress)
    name = sha256_json([manifest.content_hash(), asdict(config)])[:12]
    with in_turn(cache / f".{name}.lock", is_harmless=True):
        return extract_corpus(folder, manifest, config, cache, progress)
