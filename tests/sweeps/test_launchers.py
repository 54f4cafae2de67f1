"""`train.py -m` with Hydra's launchers, each of which has the runs in other processes: `make test-cluster`."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.sweeps.executors.slurm_node import MISSING, WHY_NOT, one_node_slurm

ROOT = Path(__file__).resolve().parents[2]
RUN = [
    "model=linear",
    "data.train_songs=[fast_01]",
    "data.val_songs=[fast_12]",
    "data.test_songs=[slow_01]",
    "eval=quick",
    "logger=none",
]
LAUNCHERS = {
    "joblib": ["hydra.launcher.n_jobs=2"],
    "submitit_local": ["hydra.launcher.timeout_min=20"],
    "submitit_slurm": ["hydra.launcher.timeout_min=20", "hydra.launcher.mem_gb=1"],
    "ray": ["+hydra.launcher.ray.init.num_cpus=2", "+hydra.launcher.ray.init.include_dashboard=false"],
}
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A place where the run is trained already, so that a multirun has it at once."""
    place = tmp_path_factory.mktemp("launchers")
    assert train(place, [*RUN, "trainer.max_steps=7"], {}).returncode == 0
    return place


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    with one_node_slurm(tmp_path_factory.mktemp("slurm")) as variables:
        yield variables


def train(place, settings, variables):
    command = [sys.executable, "train.py", *settings, f"logs={place / 'logs'}", f"data.root={place / 'data'}"]
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", **variables}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1500, check=False)


@pytest.mark.parametrize("name", sorted(LAUNCHERS))
def test_one_run_that_finishes_and_one_that_fails_are_counted(name, trained, request):
    package = name.partition("_")[0]
    if find_spec("hydra_plugins") is None or find_spec(f"hydra_plugins.hydra_{package}_launcher") is None:
        pytest.skip(f"no launcher: pip install hydra-{package}-launcher, then make test-cluster")
    if name == "submitit_slurm" and MISSING:
        pytest.skip(WHY_NOT)
    variables = request.getfixturevalue("slurm") if name == "submitit_slurm" else {}
    given = ["-m", f"hydra/launcher={name}", *LAUNCHERS[name], *RUN, "trainer.max_steps=7,0"]
    done = train(trained, given, variables)
    said = done.stdout[-3000:] + done.stderr[-3000:]
    assert "1 runs finished, 1 failed: " in done.stdout, said
    assert done.returncode == 1, said
    path = done.stdout.rpartition("1 runs finished, 1 failed: ")[2].splitlines()[0]
    rows = json.loads(Path(path).read_text())["runs"]
    assert [row["state"] for row in rows] == ["finished", "failed"]
    assert "trainer.max_steps=0: expected 1 or more" in rows[1]["error"]
