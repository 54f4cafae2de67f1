"""Finds the user's own scores, and the settings that affect how they are sung."""

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from duetto.corpus.manifest import Dropped
from duetto.corpus.recordings.intake import display_name
from duetto.corpus.recordings.listing import TAKEN_SUFFIXES, list_files
from duetto.errors import CorpusError
from duetto.score.formats.registry import FORMATS, SCORE_SUFFIXES, SUFFIX_LIST
from duetto.settings.config import DataConfig
from duetto.singer.voices import get_voice


@dataclass(frozen=True)
class Scores:
    """The score files of a folder, by the name that they share with a recording."""

    root: Path
    files: dict[str, Path]
    has_recordings: bool
    remarks: tuple[Dropped, ...] = ()  # 0 s each: files found and not used


def open_scores(config: DataConfig) -> Scores:
    """Find the score files below `data.path`.

    Raises:
        CorpusError: If the folder does not exist, or holds no score.
    """
    root = Path(config.path or "")
    if config.path is None or not root.is_dir():
        raise CorpusError(f"data.path={config.path}: there is no such folder. Name the folder with the scores.")
    files: dict[str, Path] = {}
    remarks: list[Dropped] = []
    for path in sorted(list_files(root, SCORE_SUFFIXES).files, key=_richness):
        name, taken = display_name(path.relative_to(root)), files.setdefault(score_key(root, path), path)
        if taken != path:
            reason = f"{name}: {display_name(taken.relative_to(root))} is taken as the score of that name"
            remarks.append(Dropped(name, 0.0, reason))
    if not files:
        raise CorpusError(
            f"{root} holds no score ({SUFFIX_LIST}). Put the scores beside the recordings, under the same names."
        )
    return Scores(root, files, bool(list_files(root, TAKEN_SUFFIXES).files), tuple(remarks))


def _richness(path: Path) -> tuple[int, bytes]:
    """Sorting key of preference among scores of one name: by format in the order of the list, then by name."""
    place = next(index for index, form in enumerate(FORMATS) if path.suffix.lower() in form.suffixes)
    return place, os.fsencode(path)


def score_key(root: Path, path: Path) -> str:
    """Key that a score and its recording share: the path without suffix, ignoring case and Unicode composition."""
    return unicodedata.normalize("NFC", display_name(path.relative_to(root).with_suffix(""))).casefold()


def singing_settings(config: DataConfig, voices: Sequence[str]) -> dict[str, Any]:
    """Settings that determine how embedded voices sound, as JSON values."""
    return {
        "voices": {voice: asdict(get_voice(voice)) for voice in voices},
        "seed": config.seed,
    }
