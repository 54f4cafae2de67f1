"""What is left of a run, and how long it takes, from its folder alone."""

import csv
import json
import math
from dataclasses import asdict
from pathlib import Path

import pytest

from duetto.errors import StorageError
from duetto.report.comparison.find import run_folders
from duetto.runs.compose import compose_runs
from duetto.runs.evaluate import evaluation_of, scores_from
from duetto.runs.identity import run_from
from duetto.storage.files import read_json, write_json
from duetto.storage.run_folder import RunFolder
from duetto.sweeps.executors.protocol import Ended, Task
from duetto.sweeps.grid import Arm
from duetto.sweeps.planned import PlannedRun, assess, find_recorded, minutes_left, progress_of, wall_minutes
from duetto.sweeps.record import SweepRecord
from duetto.sweeps.work import leave, leave_for_later, settle, unfinished

CONF = Path(__file__).resolve().parents[2] / "conf"


@pytest.fixture(scope="module")
def config():
    (config,) = compose_runs(CONF, [("model=rvc", "data=case_b", "model/size=compact", "trainer.max_steps=200")])
    return config


def run_in(folder, config, name="the run"):
    return PlannedRun(Arm(name, ("seed=0",)), config, folder)


def begin(folder, config, steps=()):
    record = {"status": "training", "model": "rvc", "config": asdict(config), "data_hash": "d" * 64}
    write_json(folder / "run.json", {**record, "made_of": run_from(config, "d" * 64, {}).as_dict()})
    with (folder / "losses.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["step", "minutes", "loss"], *([n, n / 100, 1.0] for n in steps)])


def finish(folder, config):
    begin(folder, config, (100, 200))
    (folder / "voice").mkdir()
    for name in ("card.json", "generator.safetensors"):
        (folder / "voice" / name).write_text("{}")
    write_json(folder / "run.json", {"status": "finished", "model": "rvc", "config": asdict(config)})
    made_of = scores_from(config.eval, RunFolder(folder), config.model.name, config.features)
    place = evaluation_of(RunFolder(folder), made_of)
    write_json(place.metrics, {"mean": {}, "songs": []})
    write_json(place.record, made_of.as_dict())


def test_nothing_there_is_new_and_takes_all_its_time(tmp_path, config):
    run = run_in(tmp_path / "none", config)
    assess(run, speed=1.0)
    assert run.state == "new"
    assert run.minutes == pytest.approx(minutes_left(config, 1.0, 0.0))


def test_half_of_the_steps_leave_half_of_the_training_and_the_whole_trial(tmp_path, config):
    begin(tmp_path, config, (50, 100))
    run = run_in(tmp_path, config)
    assess(run, speed=1.0)
    assert (run.state, run.note) == ("broken", "will resume near step 100")
    assert run.minutes == pytest.approx((minutes_left(config, 1.0, 0.0) + minutes_left(config, 1.0, 1.0)) / 2)


def test_a_trained_run_without_scores_is_broken_and_one_with_them_is_finished(tmp_path, config):
    finish(tmp_path, config)
    run = run_in(tmp_path, config)
    assess(run, speed=1.0)
    assert (run.state, run.minutes) == ("finished", 0.0)
    assert RunFolder(tmp_path).evaluation(run.evaluation).is_complete
    RunFolder(tmp_path).evaluation(run.evaluation).record.unlink()
    assess(run, speed=1.0)
    assert (run.state, run.note) == ("broken", "trained, not scored yet")
    assert run.minutes == pytest.approx(minutes_left(config, 1.0, 1.0))


def test_scores_of_other_evaluation_settings_are_not_these(tmp_path, config):
    finish(tmp_path, config)
    (other,) = compose_runs(CONF, [("eval=quick", "model/size=compact", "trainer.max_steps=200")])
    run = run_in(tmp_path, other)
    assess(run, speed=1.0)
    assert run.state == "broken"


def test_a_torn_row_of_the_losses_is_passed_over(tmp_path, config):
    begin(tmp_path, config, (20, 40))
    with (tmp_path / "losses.csv").open("a") as file:
        file.write("6")
    assert progress_of(tmp_path, config) == (40, pytest.approx(0.2))


def test_a_recorded_run_is_recognised_by_its_settings_wherever_its_data_lie(tmp_path):
    overrides = ("model=rvc", "data=case_b", f"logs={tmp_path}")
    here, moved, other = compose_runs(
        CONF, [overrides, (*overrides, "data.root=elsewhere", "logger=none"), (*overrides, "seed=1")]
    )
    (tmp_path / "rvc-one").mkdir()
    begin(tmp_path / "rvc-one", here)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "run.json").write_text("{")
    runs = [run_in(None, config) for config in (here, moved, other)]
    find_recorded(runs)
    assert [run.folder for run in runs] == [tmp_path / "rvc-one", tmp_path / "rvc-one", None]


def test_a_run_that_earlier_code_trained_is_forecast_as_new_unless_it_is_to_be_kept(tmp_path):
    overrides = ("model=rvc", "data=case_b", f"logs={tmp_path}")
    repeated, kept = compose_runs(CONF, [overrides, (*overrides, "stale=keep")])
    begin(tmp_path / "old", repeated)
    record = read_json(tmp_path / "old" / "run.json")
    record["made_of"]["modules"]["duetto.training.module"] = "other text"
    write_json(tmp_path / "old" / "run.json", record)
    runs = [run_in(None, config) for config in (repeated, kept)]
    find_recorded(runs)
    assert [run.folder for run in runs] == [None, tmp_path / "old"]
    assess(runs[0], speed=1.0)
    assert (runs[0].state, runs[0].note) == ("new", "earlier code trained it")


@pytest.mark.parametrize(
    "record", ['{"torn": ', '{"config": {"data": null}, "model": "rvc"}', '{"config": [], "model": []}', "[]"]
)
def test_an_odd_run_does_not_hide_the_others(tmp_path, record):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "run.json").write_text(record)
    test_a_recorded_run_is_recognised_by_its_settings_wherever_its_data_lie(tmp_path)


def test_runs_are_begun_in_order_on_the_first_worker_that_is_free():
    assert wall_minutes([3.0, 1.0, 1.0, 1.0], 2) == pytest.approx(3.0)
    assert wall_minutes([1.0, 1.0, 3.0], 2) == pytest.approx(4.0)
    assert math.isnan(wall_minutes([1.0, math.nan], 2))


def test_settings_that_several_arms_share_are_run_once(tmp_path, config):
    runs = [run_in(tmp_path / "a", config, "arm"), run_in(tmp_path / "a", config, "null arm"), run_in(tmp_path, config)]
    runs[2].state = "finished"
    assert {name: len(group) for name, group in unfinished(runs).items()} == {str(tmp_path / "a"): 2}


def test_how_a_process_ended_is_believed_only_with_a_finished_folder(tmp_path, config):
    task = Task("x", (), tmp_path / "said.txt")
    run = run_in(tmp_path / "none", config)
    settle([run], Ended(task, 2, 60.0, ("There is no such song.",)), 1.0)
    assert (run.state, run.error) == ("failed", ["There is no such song."])
    settle([run], Ended(task, 0, 60.0, ()), 1.0)
    assert run.state == "failed"
    assert "no finished run" in run.error[0]
    finish(tmp_path, config)
    run = run_in(tmp_path, config)
    settle([run], Ended(task, 0, 60.0, ()), 1.0)
    assert (run.state, run.error, run.seconds) == ("finished", [], 60.0)


def test_a_run_that_was_ended_from_outside_is_broken_and_left_to_a_later_command(tmp_path, config):
    begin(tmp_path / "a", config, (20,))
    runs = [run_in(tmp_path / "a", config), run_in(tmp_path / "b", config), run_in(tmp_path / "a", config, "other")]
    task = Task(str(tmp_path / "a"), (), tmp_path / "said.txt")
    settle(runs[:1], Ended(task, 1, 60.0, (), "Its time was over."), 1.0)
    assert (runs[0].state, runs[0].note, runs[0].error) == (
        "broken",
        "will resume near step 20",
        ["Its time was over."],
    )
    leave_for_later({str(tmp_path / "a"): runs[:1]}, runs)
    assert set(unfinished(runs)) == {str(tmp_path / "b")}  # what waits for the same folder is left, too
    finish(tmp_path / "a", config)
    settle(runs[:1], Ended(task, 1, 60.0, (), "Its time was over."), 1.0)
    assert (runs[0].state, runs[0].error) == ("finished", [])  # the folder decides


def test_what_was_at_work_when_the_sweep_stopped_is_broken(tmp_path, config):
    begin(tmp_path, config, (20,))
    run = run_in(tmp_path, config)
    run.state = "running"
    leave([run], 1.0)
    assert run.state == "broken"


def test_the_sweeps_folder_names_its_finished_runs_once_and_is_held_by_one_process(tmp_path, config):
    record = SweepRecord(tmp_path / "sweeps" / "smoke")
    runs = [
        run_in(tmp_path / "a", config, "one"),
        run_in(tmp_path / "a", config, "two"),
        run_in(tmp_path / "b", config),
    ]
    (tmp_path / "a").mkdir()
    for run in runs:
        run.state = "finished"
    runs[2].state, runs[2].error = "failed", ["no"]
    with record.lock(), pytest.raises(StorageError, match="Another process"):
        SweepRecord(record.folder).lock().__enter__()
    record.write_plan(runs, {"workers": 2})
    record.write_state(runs)
    assert run_folders(record.folder) == [tmp_path / "a"]  # the report's reader
    rows = json.loads((record.folder / "state.json").read_text())["runs"]
    assert [row["state"] for row in rows] == ["finished", "finished", "failed"]
    assert rows[2]["error"] == "no"
