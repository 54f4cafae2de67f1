"""Jobs of submitit, with its local engine: the quick form of what test_slurm.py does with a real Slurm."""

import os
import signal
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from duetto.settings.executor_config import SlurmConfig
from duetto.sweeps.executors import watch
from duetto.sweeps.executors.queue import _children
from duetto.sweeps.executors.slurm import SlurmExecutor, parameters_of
from tests.sweeps.executors.small_tasks import FAILS, FINE, ends_of, is_gone, pid_of, task, waiting_task

pytest.importorskip("submitit", reason="pip install '.[slurm]'")
slow = pytest.mark.slow


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(watch, "QUEUE_S", 0.2)
    monkeypatch.setattr(watch, "GONE_S", 0.5)


@pytest.fixture(autouse=True)
def unraised_warnings(recwarn):
    """submitit leaves its processes to the system."""


def executor(folder, mode="work", **settings):
    return SlurmExecutor(SlurmConfig(engine="local", **settings), folder, 3, mode)


def job_of(folder):
    (job,) = executor(folder)._book().numbers().values()
    return job


@slow
def test_jobs_end_as_their_workers_do_and_the_others_go_on(tmp_path):
    tasks = [task(tmp_path, "fine", FINE), task(tmp_path, "fails", FAILS)]
    ends = ends_of(executor(tmp_path), tasks)
    assert {name: (end.status, end.interruption) for name, end in ends.items()} == {"fine": (0, ""), "fails": (2, "")}
    assert ends["fails"].last_lines == ("There is no such song.",)
    assert tasks[0].log.read_text() == "fine\n"


@slow
def test_a_command_that_is_told_to_end_cancels_its_jobs(tmp_path):
    def interrupt():
        if (tmp_path / "waits.pid").is_file():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ends_of(executor(tmp_path), [waiting_task(tmp_path)], interrupt)
    assert is_gone(pid_of(tmp_path))


@slow
def test_jobs_are_left_and_found_again_and_a_notice_of_the_engine_interrupts_them(tmp_path):
    tasks = [waiting_task(tmp_path)]
    assert ends_of(executor(tmp_path, "leave"), tasks) == {}
    worker, job = pid_of(tmp_path), job_of(tmp_path)
    os.kill(_children(job)[0], signal.SIGUSR2)  # as Slurm does before a job's time is over
    ends = ends_of(executor(tmp_path, "watch"), tasks)
    assert job_of(tmp_path) == job
    assert ends["waits"].interruption.startswith("Its machine was taken away")
    assert is_gone(worker)
    assert "Stopped. What is done is kept" in tasks[0].log.read_text()


@slow
def test_a_killed_worker_has_failed_and_a_killed_job_is_interrupted(tmp_path):
    tasks = [waiting_task(tmp_path)]
    for victim, interruption in (("worker", ""), ("job", "Job {} is not in the queue any more.")):
        (tmp_path / "waits.pid").unlink(missing_ok=True)
        ends_of(executor(tmp_path, "leave"), tasks)
        worker, job = pid_of(tmp_path), job_of(tmp_path)
        os.kill(worker if victim == "worker" else _children(job)[0], signal.SIGKILL)
        (end,) = ends_of(executor(tmp_path, "watch"), tasks).values()
        assert end.interruption.startswith(interruption.format(job)), victim
        assert bool(end.interruption) == (victim == "job")
        assert is_gone(worker)  # the pipe on its standard input has closed


def test_sbatch_is_asked_for_what_is_set_and_nothing_else():
    plain = parameters_of(SlurmConfig(), "duetto-smoke", 4, 90)
    assert {"partition", "account", "mem", "gpus_per_node", "setup"} & set(plain) == set()
    assert plain["additional_parameters"] == {"no-requeue": True}
    config = SlurmConfig(partition="gpu", gpus=1, memory=7.5, time="2:00:00", requeue=True, options={"nice": 5})
    asked = parameters_of(config, "duetto-smoke", 4, 90)
    assert (asked["partition"], asked["gpus_per_node"], asked["mem"], asked["time"]) == ("gpu", 1, "7680MB", 120)
    assert asked["additional_parameters"] == {"requeue": True, "nice": 5}
    assert asked["array_parallelism"] == 4


def test_the_plan_says_what_is_asked():
    config = SlurmConfig(partition="gpu", account="voice", gpus=1, memory=8, cpus=4, time="90")
    told = SlurmExecutor(config, None, 6).sentence()
    assert told == "a job of Slurm each, partition gpu, account voice, 6 at once: 4 cores, 1 GPU, 8 GB, 90 min"


def test_a_sweep_that_is_too_long_for_an_array_has_several_which_share_the_places(tmp_path, monkeypatch):
    arrays, asked = [], []

    class Engine:
        def batch(self):
            arrays.append([])
            return nullcontext()

        def submit(self, job):
            arrays[-1].append(job.task.name)
            return SimpleNamespace(job_id=f"{len(arrays)}_{len(arrays[-1])}")

    def engine(self, parallel):
        asked.append(parallel)
        return Engine()

    monkeypatch.setattr(SlurmExecutor, "_engine", engine)
    tasks = [task(tmp_path, f"run{number}", FINE) for number in range(5)]
    found = SlurmExecutor(SlurmConfig(array_size=2), tmp_path, 3)._submitted(tasks)
    assert [len(array) for array in arrays] == [2, 2, 1]
    assert asked == [1]
    assert list(found.values()) == tasks
    assert len(executor(tmp_path)._book().numbers()) == 0  # of another engine


def test_corpora_are_made_by_jobs_only_where_that_is_asked_for(tmp_path):
    assert executor(tmp_path).preparer is None
    preparer = executor(tmp_path, "leave", prepares=True).preparer
    assert (preparer.mode, preparer.folder) == ("work", tmp_path / "preparation")
