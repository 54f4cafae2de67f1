"""Jobs of an engine, followed by their files and by its queue; the engine is a list of answers here."""

import json
from dataclasses import dataclass, field

import pytest

from duetto.errors import ConfigError
from duetto.sweeps.executors import watch as watching
from duetto.sweeps.executors.book import JobBook
from duetto.sweeps.executors.job import ended_file, read_ended, write_ended
from duetto.sweeps.executors.protocol import Ended, Task
from duetto.sweeps.executors.queue import SlurmQueue
from duetto.sweeps.executors.watch import Watch


@dataclass
class Answers:
    """A queue that says something else each time it is asked, and at last the same."""

    said: list
    cancelled: list = field(default_factory=list)

    def states(self, jobs):
        return self.said.pop(0) if len(self.said) > 1 else self.said[0]

    def cancel(self, jobs):
        self.cancelled += jobs


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch):
    for name in ("QUEUE_S", "GONE_S", "POLL_S"):
        monkeypatch.setattr(watching, name, 0.0)


def task_in(folder, name="rvc-one"):
    return Task(str(folder / name), ("python", "-m", "x", "seed=0"), folder / "output" / f"{name}.txt")


def follow(folder, said, task, events=None):
    begun = [] if events is None else events
    return list(Watch(Answers(said), folder, {"7_0": task}, lambda each: begun.append(each.name), lambda: None))


def test_a_job_that_wrote_how_it_ended_is_over_at_once_although_the_queue_still_has_it(tmp_path):
    task = task_in(tmp_path)
    write_ended(Ended(task, 2, 3.0, ("There is no such song.",)), "7_0")
    (end,) = follow(tmp_path, [{"7_0": "RUNNING"}], task)
    assert (end.status, end.seconds, end.last_lines) == (2, 3.0, ("There is no such song.",))


def test_what_another_job_of_the_run_wrote_before_does_not_count(tmp_path):
    task = task_in(tmp_path)
    write_ended(Ended(task, 0, 3.0, ()), "6_0")
    (end,) = follow(tmp_path, [{"7_0": "RUNNING"}, {"7_0": "TIMEOUT"}], task)
    assert "TIMEOUT" in end.interruption
    assert read_ended(task, "6_0").status == 0


@pytest.mark.parametrize("state", ["TIMEOUT", "PREEMPTED", "NODE_FAIL", "CANCELLED", "BOOT_FAIL"])
def test_a_job_that_the_engine_ended_is_interrupted_and_not_failed(tmp_path, state):
    (end,) = follow(tmp_path, [{"7_0": "RUNNING"}, {"7_0": state}], task_in(tmp_path))
    assert end.interruption == f"Slurm ended job 7_0: {state}. The same command resumes it."


def test_a_job_that_the_engine_has_forgotten_is_interrupted(tmp_path):
    (end,) = follow(tmp_path, [{"7_0": "PENDING"}, {}], task_in(tmp_path))
    assert end.interruption.startswith("Job 7_0 is not in the queue any more.")


def test_an_engine_that_does_not_answer_has_lost_nothing(tmp_path):
    task, begun = task_in(tmp_path), []
    answers = [{"7_0": "RUNNING"}, None, None, {"7_0": "RUNNING"}, {"7_0": "TIMEOUT"}]
    (end,) = follow(tmp_path, answers, task, begun)
    assert "TIMEOUT" in end.interruption
    assert begun == [task.name]


def test_an_interrupted_job_that_waits_again_is_followed_on(tmp_path):
    task = task_in(tmp_path)
    write_ended(Ended(task, 1, 3.0, (), "taken away"), "7_0")

    class Requeued(Answers):
        def states(self, jobs):
            if len(self.said) == 1:  # its second start ends well
                write_ended(Ended(task, 0, 5.0, ()), "7_0")
            return super().states(jobs)

    queue = Requeued([{"7_0": "PENDING"}, {"7_0": "RUNNING"}, {"7_0": "COMPLETED"}])
    (end,) = Watch(queue, tmp_path, {"7_0": task}, lambda each: None, lambda: None)
    assert (end.status, end.interruption) == (0, "")


def test_lack_of_memory_and_a_job_that_never_came_to_our_code_are_failures(tmp_path):
    (end,) = follow(tmp_path, [{"7_0": "OUT_OF_MEMORY"}], task_in(tmp_path))
    assert (end.interruption, end.last_lines) == ("", (watching.OUT_OF_MEMORY,))
    said = tmp_path / "submitit" / "7_0" / "7_0_0_log.err"
    said.parent.mkdir(parents=True)
    said.write_text("ModuleNotFoundError: No module named 'submitit'\n")
    (end,) = follow(tmp_path, [{"7_0": "FAILED"}], task_in(tmp_path))
    assert end.last_lines == ("ModuleNotFoundError: No module named 'submitit'",)


def test_a_torn_file_of_a_job_is_none(tmp_path):
    task = task_in(tmp_path)
    task.log.parent.mkdir()
    for text in ("{", "[]", '{"job": "7_0"}', '{"job": "7_0", "status": "x"}'):
        ended_file(task).write_text(text)
        assert read_ended(task, "7_0") is None


def test_jobs_are_found_again_by_their_run_if_their_command_is_the_same(tmp_path):
    book, task = JobBook(tmp_path, "slurm"), task_in(tmp_path)
    assert book.numbers() == {}
    book.enter({"7_0": task, "7_1": task_in(tmp_path, "rvc-two")})
    assert book.find([task], ["7_0", "7_1"]) == {"7_0": task}
    assert book.find([task], ["7_1"]) == {}
    book.enter({"9": task})
    assert book.numbers() == {task.name: "9", str(tmp_path / "rvc-two"): "7_1"}
    other = Task(task.name, (*task.command, "eval=quick"), task.log)
    with pytest.raises(ConfigError, match="Job 9 already works on rvc-one"):
        book.find([other], ["9"])
    assert JobBook(tmp_path, "local").numbers() == {}
    (tmp_path / "jobs.json").write_text("{")
    assert book.numbers() == {}


SQUEUE = """#!/bin/sh
echo "$@" >> {folder}/asked
case "$*" in *--jobs=404) echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1;; esac
case "$*" in *--jobs=500) echo "Unable to contact slurm controller" >&2; exit 1;; esac
printf '12_0 RUNNING\\n12_1 PENDING\\n12_2 TIMEOUT\\n'
"""


def test_squeue_and_scancel_are_asked_by_array(tmp_path, monkeypatch):
    for name, text in (
        ("squeue", SQUEUE.format(folder=tmp_path)),
        ("scancel", f'#!/bin/sh\necho "$@" > {tmp_path}/told'),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    queue = SlurmQueue()
    assert queue.states(["12_0", "12_2", "12_9"]) == {"12_0": "RUNNING", "12_2": "TIMEOUT"}
    assert "--jobs=12\n" in (tmp_path / "asked").read_text()
    assert queue.states(["404"]) == {}
    assert queue.states(["500"]) is None
    queue.cancel(["12_0", "12_1"])
    assert (tmp_path / "told").read_text() == "--quiet 12_0 12_1\n"
    assert json.dumps(sorted(queue.states(["12_1"]))) == '["12_1"]'
