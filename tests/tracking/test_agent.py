"""`wandb sweep` and `wandb agent` with the committed recipe: the real client, a stand-in for its server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.tracking.stand_in import stand_in

REPOSITORY = Path(__file__).resolve().parents[2]
RECIPE = REPOSITORY / "examples" / "wandb_sweep.yaml"


def test_the_recipe_composes():
    from duetto.runs.compose import compose_runs
    from duetto.settings.conf_files import conf_folder

    parameters = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))["parameters"]
    overrides = [f"{name}={each['values'][-1]}" for name, each in parameters.items()]
    (config,) = compose_runs(conf_folder(), [[*overrides, "logger=wandb"]])
    assert config.model.name == "linear"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_agent_runs_the_cells_and_its_runs_are_ours(tmp_path: Path):
    recipe = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
    recipe["program"] = str(REPOSITORY / "tests" / "tracking" / "cell.py")
    recipe["parameters"] |= {"preprocess": {"values": ["none"]}, "seed": {"values": [0]}}
    recipe["command"][1] = sys.executable
    (tmp_path / "sweep.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    with stand_in() as server:
        environment = {**os.environ, **server.environment(), "HOME": str(tmp_path)}
        environment["PYTHONPATH"] = f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}"
        environment.pop("WANDB_MODE")

        def wandb(*arguments: str) -> None:
            command = [sys.executable, "-m", "wandb", *arguments]
            ended = subprocess.run(
                command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False
            )
            assert ended.returncode == 0, ended.stdout + ended.stderr

        wandb("sweep", "sweep.yaml")
        wandb("agent", "me/duetto/sweep0")
    assert server.unknown == []
    assert list(server.runs) == server.sweeps.given
    cells = [server.runs[name] for name in server.sweeps.given]
    assert [run.config["model"]["value"] for run in cells] == ["rvc", "linear"]
    assert [run.config["signature"]["value"] for run in cells] == ["r0rvc", "r0linear"]
    assert all(run.fields["sweep"] == "sweep0" for run in cells)
    assert all([row["step"] for row in run.history] == [1, 2, 3] for run in cells)
    assert all(run.summary["test/mcd_output"] == 5.0 for run in cells)
