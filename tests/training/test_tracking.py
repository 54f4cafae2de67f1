"""W&B never asks and never hangs."""

import io
import time

import numpy as np
import pytest
import soundfile
from PIL import Image
from rich.console import Console

from duetto.settings.config import LoggerConfig
from duetto.training.tracking import INIT_TIMEOUT_S, Tracker, has_api_key, start_tracking


@pytest.fixture(autouse=True)
def no_account(monkeypatch, tmp_path):
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def start(tmp_path, console, may_upload=True, **settings):
    return start_tracking(LoggerConfig(**settings), tmp_path, "run-0123456789", {"seed": 0}, may_upload, console)


def test_logger_none_logs_nothing(tmp_path):
    tracker = start(tmp_path, Console(quiet=True), name="none")
    tracker.log(1, {"loss": 1.0})
    tracker.close()
    assert not (tmp_path / "wandb").exists()


def test_a_key_is_found_in_the_environment(monkeypatch):
    assert not has_api_key()
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    assert has_api_key()


class ListedRun:
    """Keeps what a W&B run is given."""

    def __init__(self):
        self.logged = []

    def log(self, values):
        self.logged.append(values)


def test_a_validation_sends_picture_and_sounds_and_what_stays_the_same_once(tmp_path):
    for name in ("source", "output", "reference"):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(800), 8000)
    picture = io.BytesIO()
    Image.new("RGB", (4, 3)).save(picture, "PNG")
    drawn = []
    run = ListedRun()
    tracker = Tracker(run, "here")
    for step in (200, 400):
        tracker.show_validation(step, tmp_path, lambda *paths: drawn.append(paths) or picture.getvalue())
    first, second = (set(values) for values in run.logged)
    assert first == {"step", *(f"heldout/{name}" for name in ("source", "output", "reference", "spectrograms"))}
    assert second == {"step", "heldout/output", "heldout/spectrograms"}
    assert [path.stem for path in drawn[0]] == ["source", "output", "reference"]
    assert [values["step"] for values in run.logged] == [200, 400]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_without_a_key_offline_files_are_written_and_nothing_is_asked(tmp_path):
    tracker = start(tmp_path, Console(quiet=True))
    tracker.log(1, {"loss": 1.0})
    tracker.close()
    assert "offline" in tracker.where
    assert list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_key_without_network_ends_in_a_named_warning_and_offline_files(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    console = Console(record=True, width=200, file=io.StringIO())
    begin = time.monotonic()
    tracker = start(tmp_path, console)
    tracker.close()
    assert time.monotonic() - begin < 3 * INIT_TIMEOUT_S
    assert "W&B cannot be reached" in console.export_text()
    assert list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_private_corpus_stays_offline_without_the_scope_for_it(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    console = Console(record=True, width=200, file=io.StringIO())
    tracker = start(tmp_path, console, may_upload=False)
    tracker.close()
    assert "cloud_logging" in console.export_text()
    assert "wandb sync" not in tracker.where


def test_songs_of_ones_own_are_sent_at_each_step_and_their_source_once(tmp_path):
    for name in ("source", "output"):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(800), 8000)
    run = ListedRun()
    tracker = Tracker(run, "here")
    for step in (200, 400):
        tracker.show_own_songs(step, {"tune": tmp_path / "output.wav"}, lambda _: tmp_path / "source.wav")
    assert [sorted(values) for values in run.logged] == [
        ["own_songs/tune", "own_songs/tune/source", "step"],
        ["own_songs/tune", "step"],
    ]
