"""Jobs: started and stopped as in a terminal, told apart after they ended, and found by the app that is opened next."""

import time
from pathlib import Path

import pytest

from duetto.app.jobs import Jobs
from duetto.errors import ConfigError


def waited(jobs: Jobs, name: str, phase: str, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while (state := jobs.state("infer", name)).phase != phase:
        assert time.monotonic() < deadline, state
        time.sleep(0.1)
    return state


def test_a_job_runs_is_found_by_another_app_and_stops(waiting: None, tmp_path: Path):
    jobs = Jobs(tmp_path / "jobs")
    assert jobs.state("infer", "anna").phase == "none"
    jobs.start("infer", "anna", ["60"], folder="x")
    waited(jobs, "anna", "running")
    with pytest.raises(ConfigError, match="anna is at work already"):
        jobs.start("infer", "anna", ["60"])
    reopened = Jobs(tmp_path / "jobs")
    assert (reopened.names("infer"), reopened.names("train")) == (["anna"], [])
    assert reopened.running() == ["infer anna"]
    assert reopened.record("infer", "anna")["folder"] == "x"
    while "at work" not in reopened.tail("infer", "anna"):
        time.sleep(0.05)
    reopened.stop("infer", "anna")
    waited(jobs, "anna", "stopped")
    assert waited(reopened, "anna", "stopped").output == "at work\n"
    assert reopened.running() == []
    jobs.start("infer", "anna", ["0"])  # the same command again
    waited(jobs, "anna", "finished")


def test_the_second_stop_does_not_wait(waiting: None, tmp_path: Path):
    jobs = Jobs(tmp_path / "jobs")
    jobs.start("infer", "anna", ["60"])
    waited(jobs, "anna", "running")
    jobs.stop("infer", "anna")
    jobs.stop("infer", "anna")
    waited(jobs, "anna", "stopped")


def test_a_job_that_was_told_to_stop_has_not_failed(waiting: None, tmp_path: Path):
    jobs = Jobs(tmp_path / "jobs")
    jobs.start("infer", "anna", ["60", "1"])  # Python's own end where the signal comes while modules are imported
    while "at work" not in jobs.tail("infer", "anna"):
        time.sleep(0.05)
    jobs.stop("infer", "anna")
    waited(jobs, "anna", "stopped")


@pytest.mark.slow
def test_a_mistake_is_told_in_the_words_of_the_command(tmp_path: Path):
    jobs = Jobs(tmp_path / "jobs")
    jobs.start("infer", "anna", ["infer", f"logs={tmp_path}", "run=nobody", f"source={__file__}"])
    state = waited(jobs, "anna", "failed", 120)
    assert state.said.startswith("No trained voice below")
    assert Jobs(tmp_path / "jobs").state("infer", "anna") == state
