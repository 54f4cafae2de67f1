"""Two processes train what one would have trained; what ends one ends both, and nothing is lost."""

import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from duetto.architectures.rvc.training import RVCModule
from duetto.errors import DivergedError, ProcessLostError, StorageError
from duetto.features.cache import load_features, save_features
from duetto.runs.team import Team
from duetto.training.checkpoint import find_checkpoint
from tests.architectures.diffsvc.test_training import tiny_diffsvc
from tests.training.test_resume import ROOT, assert_same_bits
from tests.training.tiny import tiny_data
from tests.training.together import config_for, fit_together, losses

pytestmark = pytest.mark.slow
BOUND_S = 30.0  # in which a process ends after another has
STEPS = 50


def assert_same_losses(left: Path, right: Path, steps: int) -> None:
    one, two = losses(left), losses(right)
    assert [row["step"] for row in one] == [row["step"] for row in two] == list(range(1, steps + 1))
    for before, after in zip(one, two, strict=True):
        for name in before:
            if name not in ("step", "minutes"):
                assert after[name] == pytest.approx(before[name], rel=1e-5, abs=1e-5, nan_ok=True), (
                    name,
                    before["step"],
                )


def at_step(monkeypatch: pytest.MonkeyPatch, step: int, action) -> None:
    """Do something in the first process when it begins a step."""
    take = RVCModule.training_step

    def act_and_take(self, batch, index):
        if self.step == step:
            action()
        take(self, batch, index)

    monkeypatch.setattr(RVCModule, "training_step", act_and_take)


def test_two_processes_have_the_losses_of_one_with_the_whole_batch(tmp_path: Path):
    fit_together(config_for(1, STEPS), tmp_path / "one")
    together = fit_together(config_for(2, STEPS), tmp_path / "two")
    assert together.steps == STEPS
    assert_same_losses(tmp_path / "one", tmp_path / "two", STEPS)
    assert any(not math.isnan(row["loss_adversarial"]) for row in losses(tmp_path / "two"))


def test_diffusion_on_whole_clips_that_do_not_divide_evenly_has_the_losses_of_one(tmp_path: Path, vocoder_folder: Path):
    def config(world: int):
        model = replace(tiny_diffsvc(vocoder_folder), crop_frames=0)
        made = replace(config_for(world, 12), model=model)
        made.trainer.batch_size = 2  # of three clips: every other batch is one clip
        return made

    fit_together(config(1), tmp_path / "one")
    fit_together(config(2), tmp_path / "two")
    assert_same_losses(tmp_path / "one", tmp_path / "two", 12)


def test_the_death_of_a_process_ends_the_other_at_once_and_resumes_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    team: list[Team] = []
    with monkeypatch.context() as patch:
        at_step(patch, 5, lambda: os.kill(team[0].started[0].pid, signal.SIGKILL))
        before = time.monotonic()
        with pytest.raises(ProcessLostError, match=r"Process 2 of the 2 .* ended by SIGKILL.*same command resumes"):
            fit_together(config_for(2, 8), tmp_path / "killed", meanwhile=team.append)
    assert time.monotonic() - before < 60 + BOUND_S  # of which the start is the most
    found = find_checkpoint(tmp_path / "killed/checkpoints", pytest.fail)
    assert found is not None
    assert found[1].step == 4
    resumed = fit_together(config_for(2, 8), tmp_path / "killed")
    assert_same_bits(fit_together(config_for(2, 8), tmp_path / "whole"), resumed)


def test_a_signal_to_one_process_keeps_the_step_of_both_and_one_process_can_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    team: list[Team] = []
    with monkeypatch.context() as patch:
        at_step(patch, 5, lambda: os.kill(team[0].started[0].pid, signal.SIGTERM))
        with pytest.raises(SystemExit, match="143"):
            fit_together(config_for(2, 12), tmp_path / "ended", meanwhile=team.append)
    assert team[0].started[0].returncode == 143
    found = find_checkpoint(tmp_path / "ended/checkpoints", pytest.fail)
    assert found is not None
    assert found[1].step in (6, 7, 8)  # a signal takes its time
    fit_together(config_for(1, 12), tmp_path / "ended")  # another number of processes sees the same batches
    fit_together(config_for(1, 12), tmp_path / "whole")
    assert_same_losses(tmp_path / "whole", tmp_path / "ended", 12)


def test_an_error_of_the_first_process_ends_the_other_within_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    team: list[Team] = []
    failed: list[float] = []

    def fail() -> None:
        failed.append(time.monotonic())
        raise StorageError("The disk is full.")

    at_step(monkeypatch, 3, fail)
    with pytest.raises(StorageError):
        fit_together(config_for(2, 8), tmp_path / "run", meanwhile=team.append)
    assert time.monotonic() - failed[0] < BOUND_S
    assert (team[0].started[0].returncode, team[0].num_killed) == (2, 0)


def test_a_limit_of_time_stops_both_at_the_same_step(tmp_path: Path):
    config = config_for(2, 100_000)
    config.trainer.max_minutes = 0.05
    team: list[Team] = []
    result = fit_together(config, tmp_path / "run", meanwhile=team.append)
    assert 0 < result.steps < 100_000
    assert result.seconds >= 3.0
    assert team[0].started[0].returncode == 0


def test_a_loss_that_is_not_finite_in_one_process_is_an_error_of_all_said_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    prepared = tiny_data(tmp_path / "features")
    for path in prepared.features.paths.values():
        clip = load_features(path)
        save_features(replace(clip, content=np.full_like(clip.content, np.nan)), path)
    team: list[Team] = []
    with pytest.raises(DivergedError, match="clip0"):
        fit_together(config_for(2, 4), tmp_path / "run", prepared, meanwhile=team.append)
    assert team[0].started[0].returncode == 2
    assert "error" not in capfd.readouterr().err


def started(folder: Path, number: int, places: list[dict[str, str]]) -> list[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.training.together", str(folder), "2", str(number)]
    return [
        subprocess.Popen(command, cwd=ROOT, env={**os.environ, **place}, stderr=subprocess.PIPE, text=True)
        for place in places
    ]


def tasks_of_srun(step: int) -> list[dict[str, str]]:
    """What srun says to two tasks; no Slurm is needed."""
    common = {"SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_NUM_NODES": "1", "SLURM_JOB_ID": str(os.getpid() % 9000)}
    common |= {"SLURM_STEP_ID": str(step), "MASTER_ADDR": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo"}
    common |= {"SLURM_NTASKS": "2", "SLURM_JOB_NAME": "voice", "SLURM_NODELIST": "localhost"}
    return [{**common, "SLURM_PROCID": rank, "SLURM_LOCALID": rank} for rank in ("0", "1")]


def test_two_tasks_of_srun_train_what_our_own_command_starts(tmp_path: Path):
    tasks = started(tmp_path / "tasks", 6, tasks_of_srun(0))
    said = [task.communicate(timeout=200)[1] for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0], said
    ours = fit_together(config_for(2, 6), tmp_path / "ours")
    found = find_checkpoint(tmp_path / "tasks/checkpoints", pytest.fail)
    assert found is not None
    state = torch.load(found[0], weights_only=True)["state_dict"]
    for name, tensor in ours.network.state_dict().items():
        assert torch.equal(tensor, state[f"synthesizer.{name}"]), name


def test_when_the_first_task_is_killed_the_other_says_so_and_ends(tmp_path: Path):
    first, second = started(tmp_path / "tasks", 100_000, tasks_of_srun(1))
    deadline = time.monotonic() + 150
    while not (tmp_path / "tasks/losses.csv").is_file() and time.monotonic() < deadline:
        time.sleep(0.1)
    first.kill()
    first.communicate()
    _, said = second.communicate(timeout=BOUND_S)
    assert second.returncode == 2
    assert "error: Another process of this training has ended" in said
    assert "the same command resumes" in said
