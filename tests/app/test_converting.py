"""Conversions: the song lies beside what became of it, and goes with what came to nothing."""

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from duetto.app.converting import (
    CONVERT,
    SOURCE,
    Wish,
    conversion,
    earlier,
    settle,
    sounds_of,
    start_conversion,
    voices,
)
from duetto.app.jobs import Jobs
from duetto.errors import AudioError, CheckpointError, ConfigError


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Runs with one trained voice, anna."""
    voice = tmp_path / "logs" / "rvc-1" / "voice"
    voice.mkdir(parents=True)
    (voice / "card.json").write_text("{}")
    (voice.parent / "run.json").write_text('{"given_name": "anna", "signature": "1"}')
    return tmp_path / "logs"


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "uploads" / "0" / "My song.wav"
    path.parent.mkdir(parents=True)
    soundfile.write(path, 0.3 * np.sin(np.arange(8000) / 10), 8000)
    return path


def ended(jobs: Jobs) -> None:
    deadline = time.monotonic() + 60
    while jobs.is_running(CONVERT, "anna"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_song_is_kept_with_its_conversion_and_removed_if_nothing_came_of_it(
    waiting: None, logs: Path, song: Path, tmp_path: Path
):
    assert voices(logs) == ["anna"]
    jobs, again = Jobs(tmp_path / "jobs"), song.read_bytes()
    start_conversion(jobs, logs, Wish("anna", song, SOURCE, transpose=-2.0, settings={"protect": 0.2}))
    folder = logs / "rvc-1" / "conversions" / "My song"
    arguments = jobs.record(CONVERT, "anna")["arguments"]
    assert {f"source={folder / 'original.wav'}", f"output={folder / 'converted.wav'}"} < set(arguments)
    assert {"transpose=-2", "protect=0.2"} < set(arguments)
    assert not song.parent.exists()
    ended(jobs)
    assert settle(jobs, "anna") == folder
    assert not folder.exists()  # the child that only waits wrote nothing
    assert earlier(logs, "anna") == []

    song.parent.mkdir()
    song.write_bytes(again)
    start_conversion(jobs, logs, Wish("anna", song))
    assert f"output={folder}" in jobs.record(CONVERT, "anna")["arguments"]
    assert "transpose=auto" in jobs.record(CONVERT, "anna")["arguments"]
    (folder / "cover.wav").write_bytes(again)
    ended(jobs)
    settle(jobs, "anna")
    assert [path.name for _, path in sounds_of(folder)] == ["cover.wav", "original.wav"]
    assert earlier(logs, "anna") == ["My song"]
    assert conversion(logs, "anna", "My song") == folder
    assert conversion(logs, "anna", "../My song") is None


@pytest.mark.parametrize(
    ("change", "error"),
    [({"voice": "nobody"}, CheckpointError), ({"transpose": 99.0}, ConfigError), ({"kind": "page"}, ConfigError)],
)
def test_a_wish_that_cannot_be_met_leaves_nothing(change: dict, error: type, logs: Path, song: Path, tmp_path: Path):
    with pytest.raises(error):
        start_conversion(Jobs(tmp_path / "jobs"), logs, Wish(**{"voice": "anna", "upload": song, **change}))
    assert not list(logs.glob("*/conversions/*"))
    assert not (tmp_path / "jobs").exists()


def test_what_is_no_song_is_refused_by_its_name(logs: Path, song: Path, tmp_path: Path):
    song.write_text("no sound")
    with pytest.raises(AudioError, match=r"^My song\.wav"):
        start_conversion(Jobs(tmp_path / "jobs"), logs, Wish("anna", song))
    assert not song.exists()
    assert not list(logs.glob("*/conversions/*"))
