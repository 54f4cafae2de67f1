"""The battery in a minute, with the slow tests: a training and a conversion that are killed, and one that is ended."""

import shutil
import signal
from pathlib import Path

import pytest

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
