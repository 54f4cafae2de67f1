from pathlib import Path

import pytest

from duetto.ownership.consent import example_consent
from duetto.settings.config import DataConfig
from tests.corpus.recordings.building import TODAY


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    (folder / "consent.yaml").write_text(example_consent(TODAY), encoding="utf-8")
    return folder


@pytest.fixture
def config(tmp_path: Path, recordings: Path) -> DataConfig:
    return DataConfig(case="folder", root=str(tmp_path / "data"), path=str(recordings))
