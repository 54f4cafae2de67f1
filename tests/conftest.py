"""One thread a process: the suite runs one process a core, and two threads each would wait for each other."""

import os
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("WANDB_MODE", "offline")
os.environ["DUETTO_HOME"] = tempfile.mkdtemp(prefix="duetto-home-")  # subprocesses share it

from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture
def vocoder_folder(tmp_path: Path) -> Path:
    """A vocoder of some thousand random weights on disk, as a run leaves one."""
    from tests.architectures.diffsvc.test_training import write_tiny_vocoder

    return write_tiny_vocoder(tmp_path / "vocoder")
