"""`python sweep.py`: from the command line to finished runs; `run_sweep` shows the whole sequence on one screen."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from duetto.errors import ConfigError
from duetto.renamed import current_overrides
from duetto.runs.compose import compose_runs
from duetto.settings.executor_config import AnyExecutorConfig
from duetto.studies.expand import expand
from duetto.studies.load import load_study
from duetto.sweeps.executors.check import check_executor
from duetto.sweeps.executors.settings import read_executor
from duetto.sweeps.grid import Arm, grid_arms, read_sweep, sweep_names, with_extra
from duetto.sweeps.request import Request, parse, sweep_name
from duetto.terminal import progress_bar

if TYPE_CHECKING:
    from duetto.settings.run_config import TrainConfig
    from duetto.sweeps.planned import PlannedRun

HELP = """duetto sweep: many runs of train.py, planned, prepared once and run in parallel;
finished ones are skipped.

usage: python sweep.py [sweep=NAME | study=NAME] [KEY=VALUE,VALUE ...]

examples:
  python sweep.py sweep=smoke
  python sweep.py model=rvc,linear data=case_a,case_b seed=0,1
  python sweep.py study=register_quick plan_only=true

  sweep=NAME      of conf/sweep: {names}
  study=NAME      arms and seeds of a study; python -m duetto study lists them
  workers=0       at once: 0 = one per GPU, else one per core; of a cluster, all
  plan_only=true  only the plan and its time
  executor=local  or slurm, or ray, with executor.KEY=VALUE: docs/executors.md
  leave=true      submit to Slurm and return; watch=true (--watch): come back

A path is taken literally; data.path=a,b are two, unless a file is called that:
docs/training.md. You can stop at any time; the same command continues.
Results: logs/sweeps/NAME/, and a page of all runs:
  python -m duetto report logs/sweeps/NAME
Settings of a run and their values: python train.py --help
"""


def main(arguments: list[str], conf: Path) -> int:
    """Plan and run a sweep.

    Returns:
        0, or 1 if a run failed.

    Raises:
        DuettoError: If the command line or a setting is invalid, or the sweep's folder is in use.
    """
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(HELP.format(names=", ".join(sweep_names(conf))))
        return 0
    request = parse(current_overrides(arguments))
    executor = read_executor(conf, request.executor)
    if not request.plan_only:
        check_executor(executor, request.mode)
    console = Console()
    arms = arms_of(request, conf)
    with progress_bar(console) as report:
        configs = compose_runs(conf, [arm.overrides for arm in arms], report)
    return run_sweep(sweep_name(request), arms, configs, request, executor, conf, console)


def arms_of(request: Request, conf: Path) -> list[Arm]:
    """The requested runs."""
    if request.sweep is not None:
        return grid_arms(read_sweep(conf, request.sweep).runs, request.settings)
    if request.study is not None:
        planned = [Arm(arm.name, arm.overrides) for arm in expand(load_study(conf, request.study))]
        return with_extra(planned, request.settings)
    return grid_arms([""], request.settings)


def facts_of(request: Request, conf: Path) -> dict[str, Any]:
    """The origin of the runs for plan.json; for a study, its hash and whether it is the registered one."""
    facts: dict[str, Any] = {"command": request.command}
    if request.study is not None:
        study = load_study(conf, request.study)
        facts |= {"study": study.name, "study_hash": study.file_hash, "is_registered": study.is_registered}
    return facts


def run_sweep(
    name: str,
    arms: Sequence[Arm],
    configs: "Sequence[TrainConfig]",
    request: Request,
    executor: AnyExecutorConfig,
    conf: Path,
    console: Console,
) -> int:
    """Plan, prepare and run, then print the outcome."""
    from duetto.sweeps.executors.choose import choose_resources
    from duetto.sweeps.planned import PlannedRun, assess, find_recorded
    from duetto.sweeps.record import OUTPUT_FOLDER, SWEEPS, SweepRecord
    from duetto.sweeps.show import print_outcome
    from duetto.sweeps.work import announce, work_off

    runs = [PlannedRun(arm, config) for arm, config in zip(arms, configs, strict=True)]
    if len({run.config.logs for run in runs}) > 1:
        raise ConfigError("The runs of a sweep go to one place: give `logs` one value.")
    if len(runs) > 1 and any(run.config.name for run in runs):
        raise ConfigError("name=… names one run, but these are several. Leave it out, and name one when it is trained.")
    record = SweepRecord(Path(runs[0].config.logs) / SWEEPS / name)
    check_inputs_of(runs)
    with record.lock():
        resources = choose_resources(executor, request.mode, configs, request.workers, record.folder)
        find_recorded(runs)
        for run in runs:
            assess(run, resources.speed)
        asked = {name: value for name, value in asdict(executor).items() if name != "runtime_env"}  # may hold secrets
        facts = facts_of(request, conf) | {"executor_settings": asked}
        announce(runs, resources, record, facts, console)
        if request.plan_only:
            return 0
        from duetto.sweeps.prepare import (
            make_in_jobs,
            prepare_all,
        )  # imports the training modules, which a plan does not need

        make_in_jobs(runs, resources.executor.preparer, record.folder / OUTPUT_FOLDER, conf, console)
        prepare_all(runs, record.folder / "preparation.txt", console)
        for run in runs:
            if run.state != "failed":
                assess(run, resources.speed)
        record.write_state(runs)
        work_off(runs, resources, record, conf, console)
    print_outcome(runs, console)
    if request.mode == "leave":
        console.print(f"Submitted. To come back: python sweep.py {request.again}", markup=False, soft_wrap=True)
        return 0
    console.print(f"Side by side: python -m duetto report {record.folder}", markup=False, soft_wrap=True)
    return int(any(run.state != "finished" for run in runs))


def check_inputs_of(runs: "Sequence[PlannedRun]") -> None:
    """Refuse runs with invalid recordings, consent, weights or steps, and report all of them at once.

    Raises:
        DuettoError: If there is one; names every mistake and its runs.
    """
    from duetto.runs.mistakes import each_checked
    from duetto.runs.train import check_inputs

    different: dict[str, PlannedRun] = {}
    for run in runs:
        config = run.config
        different.setdefault(repr((config.data, config.preprocess, config.features, config.model)), run)
    chosen = list(different.values())
    each_checked([run.config for run in chosen], [run.arm.name for run in chosen], check_inputs)
