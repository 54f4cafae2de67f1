"""What several tests of training start from."""

from pathlib import Path

import pytest

from tests.training.test_diffsvc_module import write_tiny_vocoder


@pytest.fixture
def vocoder_folder(tmp_path: Path) -> Path:
    return write_tiny_vocoder(tmp_path / "vocoder")
