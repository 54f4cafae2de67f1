"""A killed run goes on and ends with the same bits."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from duetto.errors import CheckpointError
from duetto.training.checkpoint import find_checkpoint
from tests.training.tiny import tiny_fit

ROOT = Path(__file__).resolve().parents[2]
KILLED_AT_STEP_5 = """
import os, signal, sys
from pathlib import Path
import torch
from duetto.architectures.rvc.training import RVCModule
from tests.training.tiny import tiny_fit
torch.set_num_threads(1)
step = RVCModule.training_step
def step_or_die(self, batch, index):
    if self.step == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    step(self, batch, index)
RVCModule.training_step = step_or_die
tiny_fit(8, Path(sys.argv[1]))
"""


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def assert_same_bits(left, right):
    for name, tensor in left.network.state_dict().items():
        assert torch.equal(tensor, right.network.state_dict()[name]), name


@pytest.mark.slow
def test_killed_and_resumed_equals_uninterrupted_to_the_bit(tmp_path):
    whole = tiny_fit(8, tmp_path / "whole")
    killed = subprocess.run([sys.executable, "-c", KILLED_AT_STEP_5, str(tmp_path / "killed")], cwd=ROOT, timeout=120)
    assert killed.returncode == -9
    resumed = tiny_fit(8, tmp_path / "killed")
    assert resumed.steps == whole.steps == 8
    assert_same_bits(whole, resumed)
    rows = (tmp_path / "killed" / "losses.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in rows] == ["step", *map(str, range(1, 9))]


@pytest.mark.slow
def test_a_run_stopped_by_its_limit_can_be_lengthened(tmp_path):
    whole = tiny_fit(6, tmp_path / "whole")
    tiny_fit(3, tmp_path / "two")
    assert_same_bits(whole, tiny_fit(6, tmp_path / "two"))


def test_training_changes_every_weight_that_is_used(tmp_path):
    one, two = tiny_fit(1, tmp_path / "one"), tiny_fit(4, tmp_path / "two")
    changed = [n for n, t in one.network.state_dict().items() if not torch.equal(t, two.network.state_dict()[n])]
    assert len(changed) > 0.9 * len(one.network.state_dict())


def test_a_truncated_checkpoint_falls_back_to_the_one_before_with_a_warning(tmp_path):
    tiny_fit(4, tmp_path / "run")
    folder = tmp_path / "run" / "checkpoints"
    last = folder / "last.ckpt"
    last.write_bytes(last.read_bytes()[:1000])
    warnings = []
    path, progress = find_checkpoint(folder, warnings.append)
    assert path.name == "previous.ckpt"
    assert progress.step == 2
    assert "last.ckpt cannot be read" in warnings[0]


def test_when_no_checkpoint_can_be_read_training_does_not_start_over_in_silence(tmp_path):
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    (folder / "last.ckpt").write_bytes(b"PK\x03\x04 truncated")
    with pytest.raises(CheckpointError, match="Delete the folder"):
        find_checkpoint(folder, lambda sentence: None)


def test_a_hostile_pickle_is_not_executed(tmp_path):
    import os

    class Hostile:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "owned"),))

    folder = tmp_path / "checkpoints"
    folder.mkdir()
    torch.save({"progress": {"step": 1, "seconds": 1.0}, "x": Hostile()}, folder / "last.ckpt")
    with pytest.raises(CheckpointError):
        find_checkpoint(folder, lambda sentence: None)
    assert not (tmp_path / "owned").exists()


def test_a_checkpoint_says_what_its_weights_came_of(tmp_path):
    tiny_fit(2, tmp_path / "run")
    state = torch.load(tmp_path / "run/checkpoints/last.ckpt", map_location="cpu", weights_only=True)
    assert set(state["origin"]) == {"run", "data_hash", "consent"}
    assert state["origin"]["run"] == "run"
    assert len(state["origin"]["data_hash"]) == 64
