from pathlib import Path

import pytest

from duetto.corpus.embedded_cases import songs
from duetto.settings.case_config import RoomConfig
from duetto.settings.config import DataConfig

SONGS = ("fast_01", "fast_02", "fast_03", "slow_01")


@pytest.fixture
def songs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Placeholders for the embedded songs: the builder only hashes and copies them."""
    folder = tmp_path / "songs"
    folder.mkdir()
    for song in SONGS:
        (folder / f"{song}.vsqx").write_text(f"<{song}/>", encoding="utf-8")
    monkeypatch.setattr(songs, "SONGS_FOLDER", folder)
    return folder


@pytest.fixture
def case_b_config(tmp_path: Path, songs_folder: Path) -> DataConfig:
    return DataConfig(
        case="case_b",
        root=str(tmp_path / "data"),
        sources=["mei", "low"],
        train_songs=["fast_01", "fast_02"],
        val_songs=["fast_03"],
        test_songs=["slow_01"],
        room=RoomConfig(rt60_s=0.0),
    )
