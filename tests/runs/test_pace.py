"""The plan tells times from what earlier runs took on this machine."""

import json

import pytest

from duetto.runs.compose import compose_runs
from duetto.runs.pace import KEPT_S, PACE, Timing, as_plain, read_pace
from duetto.runs.plan import make_plan
from duetto.settings.conf_files import conf_folder
from duetto.training.hardware import Hardware

HERE = Hardware("cpu", "CPU, 2 threads", "32-true", 2)
TIMES = {"corpus": [38.0, 19], "training": [100.0, 50], "validation": [9.0, 3], "test": [24.0, 3], "closing": [30.0, 1]}


def settings(logs, *overrides):
    (config,) = compose_runs(conf_folder(), [[f"logs={logs}", f"data.root={logs.parent / 'data'}", *overrides]])
    return config


def write_run(logs, name, config, times=TIMES, device=HERE.device_name):
    folder = logs / name
    folder.mkdir(parents=True)
    about = {"name": name, "device": device, "precision": HERE.precision, "created": name, "config": as_plain(config)}
    (folder / "run.json").write_text(json.dumps({**about, PACE: times}))
    return folder


def planned(config):
    return {stage.name: stage for stage in make_plan(config, 1.0, read_pace(config, HERE))}


def test_the_next_run_takes_as_long_for_each_song_step_and_validation(tmp_path):
    logs = tmp_path / "logs"
    write_run(logs, "1", settings(logs))
    steps = ["trainer.max_minutes=0", "trainer.max_steps=400", "data.seed=1"]
    stages = planned(settings(logs, *steps))
    assert stages["corpus"].seconds == pytest.approx(2.0 * stages["corpus"].units)
    assert stages["training"].seconds == pytest.approx(800.0)
    assert stages["validation"].seconds == pytest.approx(3.0 * 2)
    assert stages["test"].seconds == pytest.approx(24.0)
    assert stages["closing"].seconds == pytest.approx(30.0)
    assert read_pace(settings(logs), HERE).num_runs == 1


def test_the_median_of_the_newest_runs_counts_and_only_of_this_machine_and_model(tmp_path):
    logs = tmp_path / "logs"
    for number, seconds in enumerate((1000.0, 10.0, 20.0, 30.0, 40.0, 50.0)):  # the oldest is left out
        write_run(logs, str(number), settings(logs), {"test": [seconds, 1]})
    write_run(logs, "7", settings(logs), {"test": [1.0, 1]}, device="another")
    write_run(logs, "8", settings(logs, "model=linear"), {"test": [1.0, 1]})
    assert read_pace(settings(logs), HERE).unit_s == {"test": 30.0}


def test_what_an_earlier_run_left_is_found_in_a_moment(tmp_path):
    logs, config = tmp_path / "logs", settings(tmp_path / "logs")
    folder = write_run(logs, "1", config)
    corpus = tmp_path / "corpus"
    (folder / "preprocessing.json").write_text(json.dumps({"corpus": str(corpus)}))
    assert planned(config)["corpus"].seconds > KEPT_S
    corpus.mkdir()
    assert [planned(config)[name].seconds for name in ("corpus", "preprocess", "features")] == [KEPT_S] * 3
    other = settings(logs, "preprocess=none")
    assert [planned(other)[name].seconds == KEPT_S for name in ("corpus", "preprocess", "features")] == [
        True,
        False,
        False,
    ]


def test_what_was_not_done_is_not_entered():
    timing = Timing()
    timing.add("corpus", 0.5, 0)
    with timing.measured("test", 3):
        pass
    assert list(timing.stages) == ["test"]
