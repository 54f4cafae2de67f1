"""The execution of a sweep: prints and writes the plan, then has the executor run each unfinished run in a process."""

import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console

from duetto.sweeps.executors.parent import PARENT_PIPE, WORKER
from duetto.sweeps.executors.protocol import Ended, Task
from duetto.sweeps.planned import PlannedRun, assess, prepared_data_key, shared_minutes, wall_minutes
from duetto.sweeps.record import SweepRecord
from duetto.sweeps.resources import Resources
from duetto.sweeps.show import LiveRuns, print_plan


def announce(
    runs: Sequence[PlannedRun], resources: Resources, record: SweepRecord, facts: dict[str, Any], console: Console
) -> None:
    """Print the plan with its time and write plan.json."""
    is_known = {prepared_data_key(run.config) for run in runs if run.folder is not None}
    prepared = {prepared_data_key(run.config): run.config for run in runs}
    shared = shared_minutes([config for key, config in prepared.items() if key not in is_known], resources.speed)
    at_once = min(resources.executor.at_once, len(runs))
    wall = wall_minutes([run.minutes for run in runs], at_once)
    how = resources.executor.sentence()
    print_plan(runs, shared, wall, how, console)
    shares = {"workers": at_once, "threads": resources.threads, "executor": how}
    record.write_plan(runs, {**facts, **shares, "expected_minutes": {"shared": shared, "runs": wall}})


def work_off(
    runs: Sequence[PlannedRun], resources: Resources, record: SweepRecord, conf: Path, console: Console
) -> None:
    """Run the unfinished runs; settings that several arms share are run once, with the result entered for each arm.

    Arms with different evaluation settings for one run are done in sequence: a run has one lock, and is trained once.
    """
    while groups := unfinished(runs):
        work_off_groups(groups, runs, resources, record, conf, console)
        leave_for_later(groups, runs)


def work_off_groups(
    groups: dict[str, list[PlannedRun]],
    runs: Sequence[PlannedRun],
    resources: Resources,
    record: SweepRecord,
    conf: Path,
    console: Console,
) -> None:
    """Run each group in a process, and enter its outcome in the group's runs: finished, failed or broken."""
    tasks = [task_of(group[0], name, resources, record, conf) for name, group in groups.items()]
    with LiveRuns(runs, console) as live:

        def begun(task: Task) -> None:
            for run in groups[task.name]:
                run.state, run.note = "running", ""
            live.start(groups[task.name][0])
            record.write_state(runs)

        try:
            with closing(resources.executor.run(tasks, begun, lambda: live.refresh(runs))) as ends:
                for end in ends:
                    settle(groups[end.task.name], end, resources.speed)
                    live.end(groups[end.task.name][0], len(groups[end.task.name]))
                    record.write_state(runs)
        finally:
            leave(runs, resources.speed)
            record.write_state(runs)


def unfinished(runs: Sequence[PlannedRun]) -> dict[str, list[PlannedRun]]:
    """The runs to do now, grouped by folder and evaluation."""
    groups: dict[str, list[PlannedRun]] = {}
    for run in runs:
        if run.folder is not None and not run.is_left and run.state not in ("finished", "failed"):
            group = groups.setdefault(str(run.folder), [])
            if not group or group[0].config.eval == run.config.eval:
                group.append(run)
    return groups


def leave_for_later(groups: dict[str, list[PlannedRun]], runs: Sequence[PlannedRun]) -> None:
    """Leave runs that were interrupted or that an engine still works on to a later command, and what waits for them."""
    left = {name for name, group in groups.items() if group[0].state not in ("finished", "failed")}
    for run in runs:
        run.is_left = run.is_left or (str(run.folder) in left and run.state not in ("finished", "failed"))


def task_of(run: PlannedRun, name: str, resources: Resources, record: SweepRecord, conf: Path) -> Task:
    """The process for a run: its settings, its threads and its W&B group."""
    group = f"logger.group={record.folder.name}"
    settings = (group, *run.arm.overrides, f"trainer.num_threads={resources.threads}")
    command = (sys.executable, "-m", WORKER, PARENT_PIPE, str(conf.resolve()), *settings)
    return Task(name, command, record.output_of(run), settings, Path(run.config.data.root))


def settle(group: Sequence[PlannedRun], end: Ended, speed: float) -> None:
    """Record how a run's process ended; the run's folder decides whether it is finished.

    A run that was ended from outside (its time limit, a lost machine) is broken: the same command resumes it.
    """
    for run in group:
        assess(run, speed)
        run.seconds, run.error = end.seconds, []
        if run.state == "finished":
            continue
        if end.interruption:
            run.state, run.error = "broken", [end.interruption]
        else:
            run.state, run.note = "failed", f"said: {end.task.log}"
            run.error = list(end.last_lines) or ["It ended without an error, but its folder holds no finished run."]


def leave(runs: Sequence[PlannedRun], speed: float) -> None:
    """Mark the runs that are still running when the sweep is stopped as broken, to be resumed."""
    for run in runs:
        if run.state == "running":
            assess(run, speed)
