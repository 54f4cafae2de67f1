"""A training that is asked to end ends after a whole step, keeps it, and says so."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from duetto.architectures.rvc.training import RVCModule
from duetto.errors import report_errors
from duetto.signals import CAN_GO_ON, EXIT_TERMINATED
from duetto.training.checkpoint import find_checkpoint
from tests.training.test_resume import ROOT, assert_same_bits
from tests.training.tiny import tiny_fit

TERMINATED_AT_STEP_5 = """
import signal, sys
from pathlib import Path
import torch
from rich.console import Console
from duetto.architectures.rvc.training import RVCModule
from duetto.errors import report_errors
from tests.training import tiny
torch.set_num_threads(1)
step = RVCModule.training_step
def step_and_signal(self, batch, index):
    if self.step == 5:
        signal.raise_signal(int(sys.argv[2]))
    step(self, batch, index)
RVCModule.training_step = step_and_signal
tiny.Console = lambda quiet: Console()
with report_errors():
    tiny.tiny_fit(8, Path(sys.argv[1]), every=4)
"""


@pytest.fixture(autouse=True)
def usual_signals():
    threads, before = torch.get_num_threads(), signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(1)
    yield
    signal.signal(signal.SIGINT, before)
    torch.set_num_threads(threads)


def raise_at(monkeypatch: pytest.MonkeyPatch, step: int, *signals: signal.Signals) -> None:
    """Signals in the middle of a step."""
    train_on = RVCModule.train_on

    def train_on_and_raise(self, batch):
        parts = train_on(self, batch)
        for number in signals if self.step == step else ():
            signal.raise_signal(number)
        return parts

    monkeypatch.setattr(RVCModule, "train_on", train_on_and_raise)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status", "sentence"),
    [
        (signal.SIGTERM, 143, "Step 6 is kept: the same command resumes there."),
        (signal.SIGUSR1, 143, "Step 6 is kept: the same command resumes there."),
        (signal.SIGINT, 130, "Stopped. What is done is kept; the same command goes on from there."),
    ],
)
def test_a_training_that_is_ended_keeps_its_last_step_and_resumes_to_the_same_bits(
    tmp_path: Path, number: signal.Signals, status: int, sentence: str
):
    command = [sys.executable, "-c", TERMINATED_AT_STEP_5, str(tmp_path / "ended"), str(int(number))]
    ended = subprocess.run(command, cwd=ROOT, timeout=120, capture_output=True, text=True)
    assert ended.returncode == status
    assert sentence in ended.stdout + ended.stderr
    found = find_checkpoint(tmp_path / "ended/checkpoints", pytest.fail)
    assert found is not None
    assert found[1].step == 6
    assert_same_bits(tiny_fit(8, tmp_path / "whole"), tiny_fit(8, tmp_path / "ended"))


def test_a_second_ctrl_c_ends_within_the_step_and_leaves_the_checkpoint_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        raise_at(patch, 5, signal.SIGINT, signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            tiny_fit(8, tmp_path / "ended", every=4)
    found = find_checkpoint(tmp_path / "ended/checkpoints", pytest.fail)
    assert found is not None
    assert found[1].step == 4
    assert_same_bits(tiny_fit(8, tmp_path / "whole"), tiny_fit(8, tmp_path / "ended"))


def test_a_second_sigterm_still_leaves_the_step_whole_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    raise_at(monkeypatch, 5, signal.SIGTERM, signal.SIGTERM)
    with pytest.raises(SystemExit, match="143"), report_errors():
        tiny_fit(8, tmp_path / "ended", every=4)
    found = find_checkpoint(tmp_path / "ended/checkpoints", pytest.fail)
    assert found is not None
    assert found[1].step == 6


@pytest.mark.parametrize("first", [signal.SIGUSR1, signal.SIGTERM])
def test_slurms_notice_ends_a_training_as_sigterm_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: signal.Signals
):
    raise_at(monkeypatch, 2, first, signal.SIGUSR1, signal.SIGTERM)
    with pytest.raises(SystemExit) as left, report_errors():
        tiny_fit(8, tmp_path / "ended", every=4)
    assert left.value.code == EXIT_TERMINATED
    assert left.value.code in CAN_GO_ON
    found = find_checkpoint(tmp_path / "ended/checkpoints", pytest.fail)
    assert found is not None
    assert found[1].step == 3


def test_ctrl_c_works_as_before_once_the_training_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tiny_fit(2, tmp_path / "run")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    raise_at(monkeypatch, 1, signal.SIGTERM)
    with pytest.raises(SystemExit, match="143"):
        tiny_fit(4, tmp_path / "ended")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_ignored_ctrl_c_stays_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as under nohup, or in the background of a script
    raise_at(monkeypatch, 1, signal.SIGINT)
    assert tiny_fit(4, tmp_path / "run").steps == 4
