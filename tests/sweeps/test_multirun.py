"""Hydra's own multirun: its runs are written down, and one that fails does not end the others."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf

from duetto.report.comparison.find import run_folders
from duetto.sweeps.multirun import RecordMultirun

ROOT = Path(__file__).resolve().parents[2]


def ended(value, status, *overrides):
    job = JobReturn(overrides=list(overrides), status=status)
    job.return_value = value
    return job


def test_a_multirun_is_a_collection_that_the_report_reads(tmp_path):
    config = OmegaConf.create({"logs": str(tmp_path), "hydra": {"overrides": {"task": ["seed=0,1"]}}})
    record = RecordMultirun()
    record.on_multirun_start(config)
    (tmp_path / "rvc-one").mkdir()
    value = {"run": str(tmp_path / "rvc-one"), "signature": "0123456789"}
    record.on_job_end(config, ended(value, JobStatus.COMPLETED, "seed=0"))
    record.on_multirun_end(config)
    (state,) = tmp_path.glob("sweeps/multirun-*/state.json")
    assert run_folders(state.parent) == [tmp_path / "rvc-one"]


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
