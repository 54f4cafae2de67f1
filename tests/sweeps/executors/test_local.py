"""Processes side by side: shares, failures, and nobody left behind when the parent is killed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from duetto.sweeps.executors.local import LocalPool, environment_of, visible_gpus, worker_count
from duetto.sweeps.executors.protocol import Task, last_lines
from tests.sweeps.executors.small_tasks import is_gone, wait_until

SAYS_AND_FAILS = "import sys; print('one'); print('error: There is no such song.'); sys.exit(2)"
CRASHES = "raise ValueError('boom')"
WAITS = (
    "import sys, time; sys.path.insert(0, {src!r}); from duetto.sweeps.executors.parent import end_with_parent; "
    + ("end_with_parent(); open({mark!r}, 'w').write(str(__import__('os').getpid())); time.sleep(60)")
)


def task(tmp_path, name, code):
    return Task(name, (sys.executable, "-c", code), tmp_path / f"{name}.txt")


def ends_of(tasks, workers=2):
    return {e.task.name: e for e in LocalPool(workers, 1).run(tasks, lambda task: None, lambda: None)}


def test_a_failure_is_kept_with_its_last_words_and_the_others_go_on(tmp_path):
    tasks = [
        task(tmp_path, "bad", SAYS_AND_FAILS),
        task(tmp_path, "crash", CRASHES),
        task(tmp_path, "good", "print('fine')"),
    ]
    ends = ends_of(tasks)
    assert {name: end.status for name, end in ends.items()} == {"bad": 2, "crash": 1, "good": 0}
    assert ends["bad"].last_lines == ("There is no such song.",)
    assert ends["crash"].last_lines[-1] == "ValueError: boom"
    assert ends["good"].last_lines == ()
    assert (tmp_path / "good.txt").read_text() == "fine\n"


def test_no_more_processes_than_slots_are_at_work_at_once(tmp_path):
    code = "import os, time; print(os.environ['CUDA_VISIBLE_DEVICES']); time.sleep(0.3)"
    began = time.monotonic()
    tasks = [task(tmp_path, f"t{n}", code) for n in range(3)]
    assert len(list(LocalPool(2, 1, ("4", "7")).run(tasks, lambda task: None, lambda: None))) == 3
    first, second, third = (each.log.read_text().strip() for each in tasks)
    assert (first, second) == ("4", "7")
    assert third in ("4", "7")
    assert time.monotonic() - began > 0.6


def test_an_interrupt_ends_the_processes(tmp_path):
    mark = tmp_path / "pid"

    def interrupt():
        wait_for(mark)
        raise KeyboardInterrupt

    tasks = [task(tmp_path, "waits", waits(mark))]
    with pytest.raises(KeyboardInterrupt):
        list(LocalPool(1, 1).run(tasks, lambda t: None, interrupt))
    assert is_gone(int(mark.read_text()))


def waits(mark):
    return WAITS.format(src=str(Path("src").resolve()), mark=str(mark))


def wait_for(path):
    wait_until(lambda: path.is_file() and path.read_text() != "", f"{path} did not come", 30.0)


def test_a_process_ends_when_its_parent_is_killed(tmp_path):
    mark = tmp_path / "pid"
    parent = (
        "import sys, os; from pathlib import Path; from duetto.sweeps.executors.local import LocalPool; "
        "from duetto.sweeps.executors.protocol import Task; "
        f"t = Task('waits', (sys.executable, '-c', {waits(mark)!r}), Path({str(tmp_path / 'said.txt')!r})); "
        "list(LocalPool(1, 1).run([t], lambda t: None, lambda: None))"
    )
    process = subprocess.Popen([sys.executable, "-c", parent])
    wait_for(mark)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert is_gone(int(mark.read_text()))


def test_a_process_that_is_done_ends_well_although_its_parent_lives(tmp_path):
    code = (
        f"import sys; sys.path.insert(0, {str(Path('src').resolve())!r}); from duetto.sweeps.executors.parent import "
        + ("end_with_parent; import time; end_with_parent(); time.sleep(0.2)")
    )
    (end,) = ends_of([task(tmp_path, "done", code)]).values()
    assert (end.status, (tmp_path / "done.txt").read_text()) == (0, "")


def test_each_process_gets_its_threads_and_its_gpu():
    values = environment_of(3, 2, ("4", "7"), {"PATH": "x"})
    assert values["CUDA_VISIBLE_DEVICES"] == "7"
    assert {values[n] for n in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")} == {"2"}
    assert values["PATH"] == "x"
    assert "CUDA_VISIBLE_DEVICES" not in environment_of(0, 1, (), {})


@pytest.mark.parametrize(
    ("asked", "runs", "cores", "gpus", "workers"),
    [(0, 8, 2, [], 2), (0, 1, 2, [], 1), (0, 8, 16, ["0", "1"], 2), (5, 8, 2, [], 5), (5, 3, 2, [], 3)],
)
def test_one_process_a_gpu_or_a_core_and_never_more_than_there_are_runs(asked, runs, cores, gpus, workers):
    assert worker_count(asked, runs, cores, gpus) == workers


def test_only_the_gpus_that_are_lent_are_used(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, 5")
    assert visible_gpus(2) == ["2", "5"]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert visible_gpus(2) == ["0", "1"]


def test_a_process_that_was_killed_and_one_that_said_nothing_are_named(tmp_path):
    log = tmp_path / "said.txt"
    log.write_text("Training\n")
    assert last_lines(log, -9) == ("Training", "ended by signal 9 (the system often sends 9 for lack of memory)")
    log.write_text("")
    assert last_lines(log, 1) == ("ended with status 1 and no output",)
