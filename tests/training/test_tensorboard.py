"""TensorBoard reads back what was logged; its files name no machine."""

import socket
import sys

import numpy as np
import pytest
import soundfile
from PIL import Image
from rich.console import Console

from duetto.errors import ConfigError
from duetto.runs.tracked import track
from duetto.settings.logger_config import LoggerConfig
from duetto.storage.run_folder import RunFolder
from duetto.training import tensorboard
from duetto.training.tensorboard import EventFile
from tests.ownership.records import NOBODY, person


@pytest.fixture
def media(tmp_path):
    soundfile.write(tmp_path / "song.wav", np.zeros(800), 8000)
    Image.new("RGB", (4, 3)).save(tmp_path / "picture.png")
    return {"own_songs/tune": tmp_path / "song.wav", "spectrograms/tune": tmp_path / "picture.png"}


def read(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder))
    found.Reload()
    return found


def test_numbers_sounds_and_pictures_are_read_back(tmp_path, media):
    file = EventFile(tmp_path / "events")
    for step in (10, 20):
        file.log(step, {"loss": 1 / step, **media})
    file.summarise({"test/mcd_output": 6.5, "test/f0corr": None})
    file.close()
    found = read(tmp_path / "events")
    losses = [(each.step, each.value) for each in found.Scalars("loss")]
    assert losses == [(10, pytest.approx(0.1)), (20, pytest.approx(0.05))]
    assert found.Scalars("test/mcd_output")[0].step == 20
    assert "test/f0corr" not in found.Tags()["scalars"]
    (sound, _), (picture, _) = found.Audio("own_songs/tune"), found.Images("spectrograms/tune")
    assert (sound.sample_rate, sound.length_frames) == (8000, 800)
    assert (picture.width, picture.height) == (4, 3)


def test_what_a_resumed_run_repeats_is_there_once(tmp_path):
    for steps in ((10, 20, 30), (20, 30, 40)):  # killed after 30, resumed from a checkpoint at 10
        file = EventFile(tmp_path)
        for step in steps:
            file.log(step, {"loss": 1.0})
        file.close()
    assert [each.step for each in read(tmp_path).Scalars("loss")] == [10, 20, 30, 40]


def test_a_private_run_writes_numbers_alone_and_no_name_of_the_machine(tmp_path, media):
    run = RunFolder(tmp_path / "run")
    tracker = track(LoggerConfig(name="tensorboard"), run, {"consent": person()}, Console(quiet=True))
    tracker.log(10, {"loss": 1.0, **media})
    tracker.close()
    (path,) = run.path.rglob("*tfevents*")
    assert socket.gethostname() not in path.name
    assert not read(path.parent).Tags()["audio"]
    assert "tensorboard --logdir" in tracker.where


def test_nobodys_run_is_heard(tmp_path, media):
    run = RunFolder(tmp_path / "run")
    tracker = track(LoggerConfig(name="tensorboard"), run, {"consent": NOBODY}, Console(quiet=True))
    tracker.log(10, media)
    tracker.close()
    assert read(run.path / "tensorboard").Tags()["audio"] == ["own_songs/tune"]


def test_without_the_package_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto", None)
    with pytest.raises(ConfigError, match="pip install tensorboard"):
        tensorboard.require_tensorboard()


def test_logger_none_writes_nothing(tmp_path):
    tracker = track(LoggerConfig(name="none"), RunFolder(tmp_path / "run"), {"consent": NOBODY}, Console(quiet=True))
    tracker.log(1, {"loss": 1.0})
    tracker.close()
    assert not list(tmp_path.iterdir())
