"""The battery in a minute, with the slow tests: commands that are killed, one that is ended, one by two processes."""

import shutil
import signal
from pathlib import Path

import pytest

from duetto.storage.files import read_json
from duetto.training.callbacks import read_rows
from tests.battery.ledger import Case
from tests.battery.place import Place, settings
from tests.battery.resume import kill_and_resume
from tests.battery.stages import STAGES
from tests.battery.test_told_to_end import wait_for
from tests.battery.whole import unreadable

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize("name", ["training", "infer of a folder"])
def test_killed_and_started_again_it_ends_as_if_nothing_had_happened(name, origins, reference, tmp_path: Path):
    (stage,) = (each for each in STAGES if each.name == name)
    kill_and_resume(stage, 1, origins(stage.origin), reference(stage), tmp_path, Case("quick", name, "killed"))


def test_a_training_that_is_told_to_end_keeps_its_step_and_leaves_nobody(trained: Place, tmp_path: Path):
    place = trained.copy(tmp_path / "place", ("logs/*",))
    shutil.rmtree(place.folder / "data" / "references")
    process = place.start("train", *settings("rvc"))
    wait_for(place, process, "logs/*/checkpoints/last.ckpt")
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 143, said
    assert "Stopped." in said or "is kept" in said
    assert not place.left_running()
    assert not unreadable(place.folder)


def test_two_processes_leave_the_run_that_one_leaves_but_for_rounding(trained: Place, tmp_path: Path):
    place = trained.copy(tmp_path / "place", ("logs/*",))
    assert place.run("train", *settings("rvc", "trainer.devices=2")) == 0, place.said
    (ours,), (other,) = (each.folder.glob("logs/rvc-*") for each in (place, trained))
    assert ours.name == other.name  # its signature
    record = read_json(ours / "run.json")
    assert record["processes"] == {"world": 2, "nodes": 1, "backend": "gloo"}
    assert record["device"].endswith(", 2 processes")
    rows = [read_rows(run / "losses.csv")[1] for run in (ours, other)]  # weights without a gradient differ at will
    for two, one in zip(*rows, strict=True):
        norms = [row.pop("gradient_norm_generator") for row in (two, one)]  # rounding grows in it first
        assert norms[0] == pytest.approx(norms[1], rel=1e-2)
        assert {**two, "minutes": 0.0} == pytest.approx({**one, "minutes": 0.0}, rel=1e-3, nan_ok=True)
    assert not place.left_running()
    assert not unreadable(place.folder)
