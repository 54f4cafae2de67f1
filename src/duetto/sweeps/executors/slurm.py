"""A sweep as a Slurm job array, submitted through submitit and watched through squeue and the jobs' own files.

A sweep that would make too long an array has several.

The jobs do not end with the command that submitted them, unless it is told to end (Ctrl-C): after a kill or a lost
connection, the same command finds them again.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from duetto.errors import ConfigError
from duetto.settings.executor_config import SlurmConfig
from duetto.sweeps.executors.book import JobBook
from duetto.sweeps.executors.job import BatchJob, read_ended
from duetto.sweeps.executors.protocol import Ended, OnPoll, OnStart, Task
from duetto.sweeps.executors.queue import ACTIVE, ProcessQueue, Queue, SlurmQueue
from duetto.sweeps.executors.watch import SUBMITIT, Watch
from duetto.sweeps.request import Mode

NOTICE_S = 120  # between the engine's notice and the end of a job, at most a quarter of its time
PREPARATION = "preparation"  # folder of the jobs that make corpora, in that of the sweep
MAX_TIMEOUTS = 50  # so often a job is started again for want of time


@dataclass(frozen=True)
class SlurmExecutor:
    """Submits, waits and cancels."""

    config: SlurmConfig
    folder: Path  # of the sweep
    parallel: int  # jobs at once at most
    mode: Mode = "work"  # leave: submit and return; watch: wait for what was submitted, and submit nothing

    @property
    def at_once(self) -> int:
        """Number of jobs that the array may run at once."""
        return self.parallel

    @property
    def queue(self) -> Queue:
        """Where the jobs are asked for."""
        return SlurmQueue() if self.config.engine == "slurm" else ProcessQueue()

    @property
    def preparer(self) -> "SlurmExecutor | None":
        """Where corpora are made: jobs of their own, or None = here, one after another."""
        if not self.config.prepares:
            return None
        return replace(self, folder=self.folder / PREPARATION, mode="watch" if self.mode == "watch" else "work")

    def sentence(self) -> str:
        """What is asked of Slurm."""
        config = self.config
        where = "Slurm" if config.engine == "slurm" else "submitit's local engine"
        named = {"partition": config.partition, "account": config.account, "qos": config.qos}
        place = "".join(f", {name} {value}" for name, value in named.items() if value)
        memory = f", {config.memory:g} GB" if config.memory else ""
        gpus = f", {config.gpus} GPU{'s' * (config.gpus > 1)}" if config.gpus else ""
        cores = f"{config.cpus} core{'s' * (config.cpus > 1)}"
        return f"a job of {where} each{place}, {self.parallel} at once: {cores}{gpus}{memory}, {config.minutes} min"

    def run(self, tasks: Sequence[Task], on_start: OnStart, on_poll: OnPoll) -> Generator[Ended, None, None]:
        """Find the tasks' jobs, submit what has none, and yield each as it ends; closing the iterator cancels the jobs.

        Raises:
            ConfigError: If Slurm refuses the jobs, or another command's jobs work on the tasks.
        """
        jobs = self._adopted(tasks)
        if self.mode != "watch":
            known = {task.name for task in jobs.values()}
            jobs |= self._submitted([task for task in tasks if task.name not in known])
        if self.mode == "leave":
            return
        try:
            yield from Watch(self.queue, self.folder, jobs, on_start, on_poll)
        finally:
            if self.mode == "work":
                self.queue.cancel(sorted(jobs))

    def _book(self) -> JobBook:
        return JobBook(self.folder, self.config.engine)

    def _adopted(self, tasks: Sequence[Task]) -> dict[str, Task]:
        numbers = list(self._book().numbers().values())
        states = self.queue.states(numbers) if numbers else {}
        if states is None:
            raise ConfigError("Slurm does not answer squeue, and jobs of this sweep may be at work. Try again later.")
        found = self._book().find(tasks, [job for job, state in states.items() if state in ACTIVE])
        return {job: task for job, task in found.items() if not self._is_done(job, task)}

    def _is_done(self, job: str, task: Task) -> bool:
        """Whether a job that the engine still has will not work any more: it is on its way out."""
        told = read_ended(task, job)
        return told is not None and not (told.interruption and self.config.requeue)

    def _submitted(self, tasks: Sequence[Task]) -> dict[str, Task]:
        if not tasks:
            return {}
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        config, size = self.config, self.config.array_size
        jobs = [BatchJob(task, str(Path.cwd()), config.cpus, config.minutes, config.requeue) for task in tasks]
        arrays = [jobs[first : first + size] for first in range(0, len(jobs), size)]
        engine, submitted = self._engine(-(-self.parallel // len(arrays))), list[Any]()
        try:
            for array in arrays:
                with engine.batch():
                    submitted += [engine.submit(job) for job in array]
        except (FailedJobError, FailedSubmissionError) as error:
            said = " ".join(str(error).split()) or "no reason given"
            raise ConfigError(
                f"Slurm refused the jobs: {said}. Correct executor.partition, account, time, …"
            ) from error
        numbered = {job.job_id: task for job, task in zip(submitted, tasks, strict=True)}
        self._book().enter(numbered)
        return numbered

    def _engine(self, parallel: int) -> Any:
        """The executor of submitit with our settings; so many jobs of an array at once."""
        import submitit

        config, folder = self.config, self.folder.resolve() / SUBMITIT / "%j"
        notice_s = min(NOTICE_S, config.minutes * 60 // 4)
        if config.engine == "local":
            local = submitit.LocalExecutor(folder, max_num_timeout=MAX_TIMEOUTS)
            local.update_parameters(timeout_min=config.minutes, signal_delay_s=notice_s, setup=list(config.setup))
            return local
        slurm = submitit.SlurmExecutor(folder, max_num_timeout=MAX_TIMEOUTS)
        slurm.update_parameters(**parameters_of(config, f"duetto-{self.folder.name}", parallel, notice_s))
        return slurm


def parameters_of(config: SlurmConfig, name: str, parallel: int, notice_s: int) -> dict[str, Any]:
    """What submitit asks of sbatch; settings that are null or 0 are left to the cluster."""
    asked = {
        "partition": config.partition,
        "account": config.account,
        "qos": config.qos,
        "constraint": config.constraint,
        "gpus_per_node": config.gpus or None,
        "mem": f"{round(config.memory * 1024)}MB" if config.memory else None,
        "setup": list(config.setup) or None,
    }
    requeue = "requeue" if config.requeue else "no-requeue"
    return {
        **{key: value for key, value in asked.items() if value is not None},
        "job_name": name,
        "time": config.minutes,
        "cpus_per_task": config.cpus,
        "srun_args": [f"--cpus-per-task={config.cpus}"],  # since Slurm 22.05, srun does not take it from sbatch
        "signal_delay_s": notice_s,
        "array_parallelism": parallel,
        "additional_parameters": {requeue: True, **config.options},
    }
