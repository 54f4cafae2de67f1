"""Hydra's own multirun: its runs are written down, and one that fails does not end the others."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf

from duetto.errors import ConfigError
from duetto.report.comparison.find import run_folders
from duetto.storage.files import write_json
from duetto.sweeps.multirun import RecordMultirun

ROOT = Path(__file__).resolve().parents[2]


def ended(value, status, *overrides):
    job = JobReturn(overrides=list(overrides), status=status)
    job.return_value = value
    return job


def settings(logs, number=0, asked="seed=0,1,2", sweeper="hydra._internal.core_plugins.basic_sweeper.BasicSweeper"):
    hydra = {"overrides": {"task": [asked]}, "job": {"num": number}, "sweeper": {"_target_": sweeper}}
    return OmegaConf.create({"logs": str(logs), "hydra": hydra})


def begin(tmp_path, **given):
    record = RecordMultirun()
    record.on_multirun_start(settings(tmp_path, **given))
    return record


def in_another_process(record, tmp_path, number, value=None, status="finished"):
    """What a launcher does: a copy of the callback is told of one run; without a value, its process is killed."""
    copy = pickle.loads(pickle.dumps(record))
    config = settings(tmp_path, number, asked=f"seed={number}")
    copy.on_job_start(config)
    if isinstance(value, Exception):
        job = ended(value, JobStatus.FAILED, f"seed={number}")
        copy.on_job_end(config, job)
        return job
    if value is not None:
        write_json(tmp_path / value / "run.json", {"status": status})
        value = {"run": str(tmp_path / value), "signature": "0123456789"}
        copy.on_job_end(config, ended(value, JobStatus.COMPLETED, f"seed={number}"))
    return None


def outcome(record, tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        record.on_multirun_end(settings(tmp_path))
    assert left.value.code == 1
    (state,) = tmp_path.glob("sweeps/multirun-*/state.json")
    return [row["state"] for row in json.loads(state.read_text())["runs"]], capsys.readouterr().out


def test_a_multirun_is_a_collection_that_the_report_reads(tmp_path, capsys):
    record = begin(tmp_path, asked="seed=0")
    in_another_process(record, tmp_path, 0, "rvc-one")
    record.on_multirun_end(settings(tmp_path))
    assert "1 runs finished, 0 failed: " in capsys.readouterr().out
    (state,) = tmp_path.glob("sweeps/multirun-*/state.json")
    assert run_folders(state.parent) == [tmp_path / "rvc-one"]


def test_runs_that_a_launcher_had_in_other_processes_are_counted(tmp_path, capsys):
    record = begin(tmp_path)
    in_another_process(record, tmp_path, 0, "rvc-one")
    job = in_another_process(record, tmp_path, 1, ConfigError("no such song"))
    assert job.status is JobStatus.COMPLETED  # the others go on
    in_another_process(record, tmp_path, 2, "rvc-two")
    states, told = outcome(record, tmp_path, capsys)
    assert states == ["finished", "failed", "finished"]
    assert "2 runs finished, 1 failed: " in told


def test_a_run_whose_process_was_killed_and_one_that_never_began_are_told(tmp_path, capsys):
    record = begin(tmp_path)
    in_another_process(record, tmp_path, 0, "rvc-one")
    in_another_process(record, tmp_path, 1)
    states, told = outcome(record, tmp_path, capsys)
    assert states == ["finished", "broken", "new"]
    assert "1 runs finished, 0 failed, 1 broken, 1 not begun: " in told


def test_the_folder_of_a_run_is_believed_and_not_what_its_process_said(tmp_path, capsys):
    record = begin(tmp_path, asked="seed=0")
    in_another_process(record, tmp_path, 0, "rvc-one", status="training")
    states, told = outcome(record, tmp_path, capsys)
    assert states == ["broken"]
    assert "0 runs finished" in told


def test_a_sweeper_that_decides_on_its_way_has_no_number_of_runs_before(tmp_path, capsys):
    record = begin(tmp_path, sweeper="optuna")
    in_another_process(record, tmp_path, 0, "rvc-one")
    record.on_multirun_end(settings(tmp_path))
    assert "1 runs finished, 0 failed: " in capsys.readouterr().out


def test_what_an_earlier_command_recorded_is_forgotten(tmp_path, capsys):
    record = begin(tmp_path, asked="seed=0")
    in_another_process(record, tmp_path, 4, "rvc-four")
    record.on_multirun_end(settings(tmp_path))
    capsys.readouterr()
    record = begin(tmp_path, asked="seed=0")
    in_another_process(record, tmp_path, 0, "rvc-one")
    record.on_multirun_end(settings(tmp_path))
    assert "1 runs finished" in capsys.readouterr().out


def test_a_single_run_is_left_alone(tmp_path):
    record = RecordMultirun()
    record.on_job_end(OmegaConf.create({"logs": str(tmp_path)}), ended({}, JobStatus.COMPLETED))
    record.on_multirun_end(OmegaConf.create({}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_every_run_of_a_multirun_is_tried_and_each_failure_is_one_sentence(tmp_path):
    command = [sys.executable, "train.py", "-m", "trainer.max_steps=0,-1", f"logs={tmp_path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.count("error: trainer.max_steps=") == 2
    (state,) = tmp_path.glob("sweeps/multirun-*/state.json")
    rows = json.loads(state.read_text())["runs"]
    assert [row["overrides"][0] for row in rows] == ["trainer.max_steps=0", "trainer.max_steps=-1"]
    assert all("expected 1 or more" in row["error"] for row in rows)
