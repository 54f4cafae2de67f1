"""Building a corpus from a folder of recordings on a known day."""

from datetime import date
from pathlib import Path

from duetto.corpus.build import Surroundings, build_corpus
from duetto.corpus.manifest import Manifest, load_manifest
from duetto.settings.config import DataConfig

TODAY = date(2026, 11, 22)


def build(config: DataConfig) -> tuple[Path, Manifest]:
    folder = build_corpus(config, surroundings=Surroundings(today=TODAY, workers=2))
    return folder, load_manifest(folder)
