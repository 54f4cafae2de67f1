"""Under Slurm a run begins with its own weights, whatever lies in the working folder (Lightning's issue 12369)."""

import signal
from pathlib import Path

import pytest
import torch
from pytorch_lightning import Trainer

from duetto.runs import fit
from tests.training.test_resume import assert_same_bits
from tests.training.tiny import tiny_fit

JOB = {
    "SLURM_JOB_ID": "7",
    "SLURM_JOB_NAME": "voice",
    "SLURM_NTASKS": "2",
    "SLURM_PROCID": "0",
    "SLURM_LOCALID": "0",
    "SLURM_NODEID": "0",
    "SLURM_NODELIST": "localhost",
}


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the checkpoint that another run left when its time was up, in a job with two tasks."""
    tiny_fit(3, tmp_path / "other")
    place = tmp_path / "working"
    place.mkdir()
    (tmp_path / "other/checkpoints/last.ckpt").rename(place / "hpc_ckpt_1.ckpt")
    monkeypatch.chdir(place)
    for name, value in JOB.items():
        monkeypatch.setenv(name, value)
    return place


def test_a_run_in_a_job_of_slurm_takes_no_checkpoint_of_another(tmp_path: Path, job: Path):
    run = tiny_fit(2, tmp_path / "run")
    assert run.steps == 2
    with pytest.MonkeyPatch.context() as patch:
        for name in JOB:
            patch.delenv(name)
        assert_same_bits(run, tiny_fit(2, tmp_path / "elsewhere"))


def test_lightning_would_take_it_from_the_folder_that_is_its_default(
    tmp_path: Path, job: Path, monkeypatch: pytest.MonkeyPatch
):
    def as_by_default(**settings):
        return Trainer(**{**settings, "default_root_dir": None})

    monkeypatch.setattr(fit, "Trainer", as_by_default)
    assert tiny_fit(2, tmp_path / "run").steps != 2


def test_lightning_answers_no_signal_of_slurm(tmp_path: Path, job: Path, monkeypatch: pytest.MonkeyPatch):
    before = signal.getsignal(signal.SIGUSR1)
    tiny_fit(2, tmp_path / "run")
    assert signal.getsignal(signal.SIGUSR1) is before
    assert sorted(path.name for path in job.iterdir()) == ["hpc_ckpt_1.ckpt"]
    assert not torch.distributed.is_initialized()
