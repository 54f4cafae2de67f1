"""Cores are counted in one place, and pools use what was counted."""

import os
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from duetto.workers import as_they_finish, num_cores, process_pool, thread_pool


@pytest.fixture
def eight_cores(monkeypatch):
    """A process that is bound to eight cores of a larger machine, outside SLURM."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.delenv("SLURM_CPUS_PER_TASK", raising=False)


@pytest.mark.usefixtures("eight_cores")
@pytest.mark.parametrize(("given", "expected"), [(None, 8), ("3", 3), ("16", 8), ("0", 8), ("", 8), ("many", 8)])
def test_cores_are_those_that_the_process_is_bound_to_and_slurm_gave(monkeypatch, given, expected):
    if given is not None:
        monkeypatch.setenv("SLURM_CPUS_PER_TASK", given)
    assert num_cores() == expected


@pytest.mark.usefixtures("eight_cores")
def test_where_nothing_is_bound_all_cores_count(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    assert num_cores() == 64


def test_pools_are_as_wide_as_there_are_cores_and_one_worker_is_no_process(monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    with thread_pool() as threads, process_pool() as alone, process_pool(2) as processes:
        assert threads._max_workers == 1
        assert isinstance(alone, ThreadPoolExecutor)
        assert isinstance(processes, ProcessPoolExecutor)


def test_where_processes_cannot_share_memory_a_thread_does_the_work_with_a_warning(monkeypatch, caplog):
    def read_only(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("multiprocessing.synchronize.SemLock.__init__", read_only)
    with process_pool(2) as executor:
        assert isinstance(executor, ThreadPoolExecutor)
        assert dict(as_they_finish(executor, abs, [-1, -2])) == {-1: 1, -2: 2}
    assert "one core does the work" in caplog.text


def test_no_more_jobs_are_begun_than_there_are_workers():
    begun = []
    with thread_pool(2) as executor:
        for _ in as_they_finish(executor, begun.append, range(10)):
            assert len(begun) <= 10
            break
        assert len(begun) <= 4


def test_jobs_come_with_their_results_and_those_after_an_error_are_not_begun():
    begun = []

    def halve(job, least):
        begun.append(job)
        if job < least:
            raise ValueError(job)
        time.sleep(0.01)
        return job / 2

    with thread_pool(1) as executor:
        assert dict(as_they_finish(executor, halve, [8, 4], 1)) == {8: 4.0, 4: 2.0}
        with pytest.raises(ValueError, match="0"):
            list(as_they_finish(executor, halve, [0, *range(1, 200)], 1))
    assert len(begun) < 200
