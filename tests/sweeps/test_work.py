"""Which runs of a sweep are at work at once."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from duetto.runs.compose import compose_runs
from duetto.sweeps.executors.parent import PARENT_PIPE
from duetto.sweeps.grid import Arm
from duetto.sweeps.planned import PlannedRun
from duetto.sweeps.work import unfinished

CONF = Path(__file__).resolve().parents[2] / "conf"
ROOT = CONF.parent
SETTINGS = ("model=rvc", "data=case_b", "model/size=compact")


def test_arms_that_ask_one_run_for_different_scores_come_one_after_another():
    plain, again, other = compose_runs(CONF, [SETTINGS, SETTINGS, (*SETTINGS, "eval.retrieval.index_rate=0.9")])
    runs = [
        PlannedRun(Arm(name, ()), config, Path("logs/one"))
        for name, config in zip("abc", (plain, again, other), strict=True)
    ]
    assert [run.arm.name for run in unfinished(runs)["logs/one"]] == ["a", "b"]
    runs[0].state = runs[1].state = "finished"
    assert [run.arm.name for run in unfinished(runs)["logs/one"]] == ["c"]


@pytest.mark.slow
@pytest.mark.parametrize(("options", "said"), [((), "expected 1 or more"), ((PARENT_PIPE,), "")])
def test_a_worker_watches_its_standard_input_only_when_told(options, said):
    command = [sys.executable, "-m", "duetto.sweeps.worker", *options, str(CONF), "trainer.max_steps=0"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT, start_new_session=True, check=False
    )
    assert said in done.stderr
    assert done.returncode == (2 if said else -signal.SIGKILL)


def test_runs_of_different_folders_are_at_work_side_by_side():
    plain, other = compose_runs(CONF, [SETTINGS, (*SETTINGS, "seed=1")])
    runs = [PlannedRun(Arm("a", ()), plain, Path("logs/one")), PlannedRun(Arm("b", ()), other, Path("logs/two"))]
    assert set(unfinished(runs)) == {"logs/one", "logs/two"}
    runs[0].state = "failed"
    assert set(unfinished(runs)) == {"logs/two"}
