"""Job arrays of a real Slurm of one node, which the tests start and stop: `make test-cluster`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from duetto.errors import ConfigError
from duetto.settings.executor_config import SlurmConfig
from duetto.sweeps.executors import watch
from duetto.sweeps.executors.queue import SlurmQueue
from duetto.sweeps.executors.slurm import SlurmExecutor
from tests.sweeps.executors.slurm_node import MISSING, PARTITION, WHY_NOT, one_node_slurm
from tests.sweeps.executors.small_tasks import FAILS, FINE, ends_of, is_gone, pid_of, task, waiting_task

pytestmark = [pytest.mark.cluster, pytest.mark.skipif(bool(MISSING), reason=WHY_NOT), pytest.mark.timeout(600)]
AGAIN = (  # waits at its first start, and is fine at its second
    "import os, time; mark = {mark!r}; began = os.path.exists(mark); open(mark, 'a').write('x')\n"
    "if not began: time.sleep(300)"
)


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    with one_node_slurm(tmp_path_factory.mktemp("slurm")) as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.setattr(watch, "QUEUE_S", 1.0)
        patch.setattr(watch, "GONE_S", 3.0)
        yield variables


def executor(folder, mode="work", **settings):
    return SlurmExecutor(SlurmConfig(**{"cpus": 1, "time": "5", **settings}), folder, 4, mode)


def job_of(folder):
    (job,) = executor(folder)._book().numbers().values()
    return job


def test_an_array_ends_as_its_workers_do_one_is_killed_one_cancelled_and_one_out_of_time(slurm, tmp_path):
    done = set()

    def meddle():
        for name in ("killed", "cancelled"):
            mark = tmp_path / f"{name}.pid"
            if name not in done and mark.is_file() and mark.read_text():
                done.add(name)
                if name == "killed":
                    os.kill(int(mark.read_text()), signal.SIGKILL)
                else:
                    numbers = executor(tmp_path)._book().numbers()
                    SlurmQueue().cancel([numbers[str(tmp_path / "logs" / name)]])

    waiting = [waiting_task(tmp_path, name) for name in ("killed", "cancelled", "late")]
    tasks = [task(tmp_path, "fine", FINE), task(tmp_path, "fails", FAILS), *waiting]
    ends = ends_of(executor(tmp_path, time="1", partition=PARTITION), tasks, meddle)
    assert (ends["fine"].status, tasks[0].log.read_text()) == (0, "fine\n")
    assert (ends["fails"].status, ends["fails"].last_lines) == (2, ("There is no such song.",))
    assert (ends["killed"].status, ends["killed"].interruption) == (-9, "")
    assert ends["late"].interruption.startswith("Its time was over: executor.time=1")
    assert "resumes it" in ends["cancelled"].interruption
    assert "Stopped. What is done is kept" in (tmp_path / "output" / "late.txt").read_text()
    assert all(is_gone(pid_of(tmp_path, each)) for each in ("late", "cancelled"))
    numbers = executor(tmp_path)._book().numbers().values()
    assert len({number.partition("_")[0] for number in numbers}) == 1  # one array


def test_jobs_outlive_a_killed_command_and_the_same_command_finds_them(slurm, tmp_path):
    code = (
        "from tests.sweeps.executors.test_slurm import *\n"
        f"ends_of(executor(Path({str(tmp_path)!r})), [waiting_task(Path({str(tmp_path)!r}))])"
    )
    command = subprocess.Popen([sys.executable, "-c", code])
    worker, job = pid_of(tmp_path), job_of(tmp_path)
    command.kill()
    command.wait()
    os.kill(worker, 0)  # it works on

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ends_of(executor(tmp_path, "watch"), [waiting_task(tmp_path)], interrupt)
    os.kill(worker, 0)  # whoever watches leaves without a trace
    with pytest.raises(KeyboardInterrupt):
        ends_of(executor(tmp_path), [waiting_task(tmp_path)], interrupt)
    assert job_of(tmp_path) == job
    assert is_gone(worker)  # whoever works cancels


def test_a_job_out_of_time_is_started_again_by_slurm_if_that_is_wished(slurm, tmp_path):
    mark = tmp_path / "starts"
    again = task(tmp_path, "again", AGAIN.format(mark=str(mark)))

    waits_since = []

    def hurry():
        """Slurm lets a job that was requeued wait for two minutes; a few seconds it needs."""
        states = SlurmQueue().states([job_of(tmp_path)])
        if states and "PENDING" in states.values() and mark.is_file():
            waits_since.append(time.monotonic())
        if len(waits_since) > 1 and time.monotonic() - waits_since[0] > 10:
            start = f"JobId={job_of(tmp_path)}", "StartTime=now"
            subprocess.run(["scontrol", "update", *start], check=False, capture_output=True)

    (end,) = ends_of(executor(tmp_path, time="1", requeue=True), [again], hurry).values()
    assert (end.status, end.interruption, mark.read_text()) == (0, "", "xx")


def test_what_slurm_refuses_is_one_sentence(slurm, tmp_path):
    with pytest.raises(ConfigError, match=r"Slurm refused the jobs: sbatch: error: .*partition"):
        ends_of(executor(tmp_path, partition="nowhere"), [task(tmp_path, "fine", FINE)])


def test_what_waits_in_the_queue_has_not_begun(slurm, tmp_path):
    begun, tasks = [], [waiting_task(tmp_path, f"t{number}") for number in range(3)]  # on two cores

    def stop():
        if len(begun) == 2 and all((tmp_path / f"{name}.pid").is_file() for name in begun):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(executor(tmp_path).run(tasks, lambda each: begun.append(Path(each.name).name), stop))
    assert sorted(begun) == ["t0", "t1"]
    assert all(is_gone(pid_of(tmp_path, each)) for each in begun)
