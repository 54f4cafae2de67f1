"""Waits for the jobs of an engine: what their own files and the engine's queue tell of their ends."""

import time
from collections.abc import Generator
from pathlib import Path

from duetto.sweeps.executors.job import read_ended
from duetto.sweeps.executors.protocol import POLL_S, Ended, OnPoll, OnStart, Task, last_lines
from duetto.sweeps.executors.queue import ACTIVE, AT_WORK, Queue

QUEUE_S = 10.0  # between two questions to the engine
GONE_S = 30.0  # a file that a job wrote on another machine is seen so late at most
SUBMITIT = "submitit"  # folder of its pickles and outputs, in that of the sweep
OUT_OF_MEMORY = "Slurm ended it for lack of memory. Ask for more: executor.memory=16 (GB)."


class Watch:
    """Yields the ends of jobs: by their own files at once, by the engine's word when they wrote none."""

    def __init__(self, queue: Queue, folder: Path, jobs: dict[str, Task], on_start: OnStart, on_poll: OnPoll) -> None:
        """Begin with nothing known.

        Args:
            queue: The engine.
            folder: Of the sweep.
            jobs: Tasks by the number of their job; those that end are taken out.
            on_start: Called when a job is at work.
            on_poll: Called at each look.
        """
        self.queue, self.folder, self.jobs = queue, folder, jobs
        self.on_start, self.on_poll = on_start, on_poll
        self.began = dict.fromkeys(jobs, time.monotonic())
        self.begun: set[str] = set()
        self.missing: dict[str, float] = {}  # since when the engine does not name a job any more
        self.asked = -float("inf")
        self.states: dict[str, str] = {}

    def __iter__(self) -> Generator[Ended, None, None]:
        """Each job's end, as it comes."""
        while self.jobs:
            self._ask()
            for job, task in list(self.jobs.items()):
                end = self._end_of(job, task)
                if end is not None:
                    del self.jobs[job]
                    self._begin(job, task)
                    yield end
                elif self.states.get(job) in AT_WORK:
                    self._begin(job, task)
            self.on_poll()
            if self.jobs:
                time.sleep(POLL_S)

    def _ask(self) -> None:
        now = time.monotonic()
        if now - self.asked < QUEUE_S:
            return
        self.asked = now
        states = self.queue.states(sorted(self.jobs))
        if states is None:  # no answer: nothing is known, so nothing is gone
            return
        self.states = dict(states)
        for job in self.jobs:
            if self.states.get(job) in ACTIVE:
                self.missing.pop(job, None)
                if self.states[job] not in AT_WORK:
                    self.began[job] = now
            else:
                self.missing.setdefault(job, now)

    def _begin(self, job: str, task: Task) -> None:
        if job not in self.begun:
            self.begun.add(job)
            self.on_start(task)

    def _end_of(self, job: str, task: Task) -> Ended | None:
        told = read_ended(task, job)
        is_over = job in self.missing
        if told is not None and (is_over or not told.interruption):  # an interrupted one may be started again
            return told
        if not is_over or time.monotonic() - self.missing[job] < GONE_S:
            return None
        return self._without_word(job, task)

    def _without_word(self, job: str, task: Task) -> Ended:
        state, seconds = self.states.get(job, ""), time.monotonic() - self.began[job]
        if state in ("FAILED", "COMPLETED"):  # it ended by itself, before or beside our code
            said = self.folder / SUBMITIT / job / f"{job}_0_log.err"
            log = said if said.is_file() else task.log
            return Ended(task, 1, seconds, last_lines(log, 1) if log.is_file() else ("It ended without a word.",))
        if state == "OUT_OF_MEMORY":
            return Ended(task, 1, seconds, (OUT_OF_MEMORY,))
        reason = f"Slurm ended job {job}: {state}" if state else f"Job {job} is not in the queue any more"
        return Ended(task, 1, seconds, (), f"{reason}. The same command resumes it.")
