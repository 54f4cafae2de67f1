"""The user's own VSQX files, and the settings that singing them depends on."""

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from duetto.corpus.recordings.intake import display_name
from duetto.corpus.recordings.listing import SCORE_SUFFIXES, TAKEN_SUFFIXES, list_files
from duetto.errors import CorpusError
from duetto.settings.config import DataConfig
from duetto.singer.voices import get_voice


@dataclass(frozen=True)
class Scores:
    """The score files of a folder by the name that a recording shares with them."""

    root: Path
    files: dict[str, Path]
    has_recordings: bool


def open_scores(config: DataConfig) -> Scores:
    """The VSQX files below `data.path`.

    Raises:
        CorpusError: If there is no such folder, or no score in it.
    """
    root = Path(config.path or "")
    if config.path is None or not root.is_dir():
        raise CorpusError(f"data.path={config.path}: there is no such folder. Name the folder with the VSQX files.")
    files = {score_key(root, path): path for path in list_files(root, SCORE_SUFFIXES).files}
    if not files:
        raise CorpusError(f"{root} holds no .vsqx file. Put the scores beside the recordings, under the same names.")
    return Scores(root, files, bool(list_files(root, TAKEN_SUFFIXES).files))


def score_key(root: Path, path: Path) -> str:
    """What a score and its recording share: the path without suffix, ignoring case and Unicode composition."""
    return unicodedata.normalize("NFC", display_name(path.relative_to(root).with_suffix(""))).casefold()


def singing_settings(config: DataConfig, voices: Sequence[str]) -> dict[str, Any]:
    """Settings that determine how embedded voices sound, as JSON values."""
    return {
        "voices": {voice: asdict(get_voice(voice)) for voice in voices},
        "seed": config.seed,
    }
