"""Corpora that jobs make before the runs: which jobs there are, and what a worker does in one."""

import io
from pathlib import Path

from rich.console import Console

from duetto.runs.compose import compose_runs
from duetto.settings.conf_files import conf_folder
from duetto.sweeps import worker
from duetto.sweeps.executors.parent import ONLY_DATA, WORKER
from duetto.sweeps.executors.protocol import Ended
from duetto.sweeps.grid import Arm
from duetto.sweeps.planned import PlannedRun
from duetto.sweeps.prepare import make_in_jobs


class Recording:
    """An executor that keeps what it is given; the second task fails, the third is interrupted."""

    def __init__(self):
        self.tasks = []

    def run(self, tasks, on_start, on_poll):
        self.tasks = list(tasks)
        for number, task in enumerate(tasks):
            yield Ended(task, int(number == 1), 1.0, (), "Its machine was taken away." if number == 2 else "")


def planned(*arms):
    configs = compose_runs(conf_folder(), [arm.split() for arm in arms])
    return [PlannedRun(Arm(arm, tuple(arm.split())), config) for arm, config in zip(arms, configs, strict=True)]


def made(runs, folder=Path("output")):
    executor, said = Recording(), io.StringIO()
    make_in_jobs(runs, executor, folder, conf_folder(), Console(file=said, width=200))
    return executor.tasks, said.getvalue().splitlines()


def test_each_corpus_is_a_job_however_many_runs_learn_from_it():
    arms = ("model=rvc data=case_b", "model=rvc data=case_b seed=1", "model=rvc data=case_a", "model=rvc data=case_c")
    tasks, said = made(planned(*arms))
    assert [task.settings for task in tasks] == [tuple(arms[place].split()) for place in (0, 2, 3)]
    assert all(task.command[1:3] == ("-m", WORKER) and ONLY_DATA in task.command for task in tasks)
    assert len({task.log for task in tasks}) == len({task.name for task in tasks}) == 3
    assert said == [
        "Corpora and features first: 3 jobs.",
        "Job 1 of 3 has ended",
        "Job 2 of 3 has ended: failed; it is tried here again",
        "Job 3 of 3 has ended: Its machine was taken away.",
    ]


def test_a_run_that_has_its_folder_needs_no_job(tmp_path):
    runs = planned("model=rvc data=case_b")
    runs[0].folder = tmp_path
    assert made(runs) == ([], [])


def test_a_worker_for_data_alone_trains_nothing(monkeypatch):
    done = []
    monkeypatch.setattr("duetto.runs.prepare.prepare_data", lambda config, console: done.append(config.data.case))
    monkeypatch.setattr("duetto.runs.complete.complete_run", lambda config, console: done.append("trained"))
    worker.main([ONLY_DATA, str(conf_folder()), "model=rvc", "data=case_b"])
    worker.main([str(conf_folder()), "model=rvc", "data=case_b"])
    assert done == ["case_b", "trained"]
