"""One sweep on this machine, on a real Slurm and on a real Ray: the same runs, to the byte; `make test-cluster`."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.sweeps.executors.slurm_node import MISSING, WHY_NOT, one_node_slurm

ROOT = Path(__file__).resolve().parents[2]
RUNS = [
    "model=rvc,linear",
    "data.train_songs=[fast_01]",
    "data.val_songs=[fast_12]",
    "data.test_songs=[slow_01]",
    "trainer=smoke",
    "trainer.max_steps=8",
    "trainer.checkpoint_every_steps=3",
    "logger=none",
]
SLURM = ["executor=slurm", "executor.cpus=1", "executor.memory=0", "executor.time=60"]
RAY = ["executor=ray", "executor.cpus=1"]
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]
no_slurm = pytest.mark.skipif(bool(MISSING), reason=WHY_NOT)
no_ray = pytest.mark.skipif(find_spec("ray") is None, reason="no ray: pip install '.[ray]', then make test-cluster")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("executors")


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    with one_node_slurm(tmp_path_factory.mktemp("slurm")) as variables:
        yield variables


@pytest.fixture(scope="module")
def here(place):
    """The weights of this machine's runs."""
    done = finish(sweep(place, "local", ["workers=2"]))  # one thread each, where there are two cores
    assert done.returncode == 0, done.stdout[-3000:]
    return weights(place, "local")


def sweep(place, logs, settings, variables=None, data="data"):
    command = [sys.executable, "sweep.py", *RUNS, "trainer.num_threads=1", *settings]
    command += [f"logs={place / logs}", f"data.root={place / data}"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **(variables or {})}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish(process):
    said, _ = process.communicate(timeout=3000)
    return subprocess.CompletedProcess(process.args, process.returncode, said)


def weights(place, logs):
    """The digest of each run's weights, by the run's name, which ends with its signature."""
    found = sorted((place / logs).glob("*/voice/*.safetensors"))
    return {(path.parents[1].name, path.name): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def states(place, logs):
    (path,) = (place / logs).glob("sweeps/*/state.json")
    return {row["overrides"][0]: row for row in json.loads(path.read_text())["runs"]}


@no_ray
@pytest.mark.parametrize("folders", ["shared", "fetched"])
def test_ray_makes_the_same_weights_in_place_and_on_a_node_with_folders_of_its_own(here, place, folders):
    done = finish(sweep(place, folders, [*RAY, f"executor.folders={folders}"]))
    assert done.returncode == 0, done.stdout[-3000:]
    assert weights(place, folders) == here
    assert {row["state"] for row in states(place, folders).values()} == {"finished"}


@no_slurm
def test_slurm_makes_the_same_weights_although_a_job_and_the_command_are_killed(here, place, slurm):
    first = sweep(place, "slurm", SLURM, slurm)
    book = wait_for(place, "slurm/sweeps/*/jobs.json", first)
    wait_for(place, "slurm/rvc-*/checkpoints/last.ckpt", first)
    first.kill()
    first.communicate()
    entries = json.loads(book.read_text())["jobs"]
    (job,) = (entry["job"] for name, entry in entries.items() if "rvc-" in name)
    environment = {**os.environ, **slurm}
    subprocess.run(["scancel", f"--signal={signal.SIGTERM.value}", job], env=environment, check=True)
    broken = finish(sweep(place, "slurm", [*SLURM, "--watch"], slurm))  # waits for both, and submits nothing
    assert broken.returncode == 1, broken.stdout[-3000:]
    before = states(place, "slurm")
    assert (before["model=rvc"]["state"], before["model=linear"]["state"]) == ("broken", "finished")
    done = finish(sweep(place, "slurm", SLURM, slurm))
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.count("Begun") == 1  # the finished run is not repeated
    (output,) = (place / "slurm").glob("sweeps/*/output/rvc-*.txt")
    assert "Resuming from step" in output.read_text()
    assert weights(place, "slurm") == here


@no_slurm
def test_slurm_makes_corpora_in_a_job_of_their_own_and_then_the_same_weights(here, place, slurm):
    done = finish(sweep(place, "prepared", [*SLURM, "executor.prepares=true"], slurm, data="empty"))
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Corpora and features first: 1 job." in done.stdout
    (made,) = (place / "prepared").glob("sweeps/*/preparation/jobs.json")
    assert len(json.loads(made.read_text())["jobs"]) == 1
    assert weights(place, "prepared") == here


def wait_for(place, pattern, process):
    deadline = time.monotonic() + 3000
    while not list(place.glob(pattern)):
        assert process.poll() is None, process.communicate()[0][-3000:]
        assert time.monotonic() < deadline, pattern
        time.sleep(0.1)
    return next(place.glob(pattern))
