"""What a killed process was writing is removed, and nothing else."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from duetto.storage import leftovers
from duetto.storage.files import atomic_path, write_text
from duetto.storage.leftovers import TEMPORARY, sweep_leftovers
from tests.storage.shared_disk import without_locks

KILLED = """
import os, signal, sys
from pathlib import Path
from duetto.storage.files import atomic_path
with atomic_path(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(leftovers, "MIN_AGE_S", 0.0)


def test_a_killed_process_leaves_a_file_that_the_next_command_removes(tmp_path: Path):
    environment = os.environ | {"PYTHONPATH": "src"}
    command = [sys.executable, "-c", KILLED, str(tmp_path / "songs" / "sung.wav")]
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    (left,) = (tmp_path / "songs").iterdir()
    assert left.name.startswith(TEMPORARY)
    assert sweep_leftovers(tmp_path, in_subfolders=False) == 0
    assert sweep_leftovers(tmp_path) == 1
    assert list((tmp_path / "songs").iterdir()) == []


def test_what_is_being_written_and_what_is_not_ours_stays(tmp_path: Path):
    (tmp_path / ".hidden.wav").write_text("mine")
    (tmp_path / "part-1.wav").write_text("mine")
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / f"{TEMPORARY}link").symlink_to(tmp_path / "elsewhere")
    with atomic_path(tmp_path / "sung.wav") as temporary:
        temporary.write_text("whole")
        assert sweep_leftovers(tmp_path) == 0
    assert (tmp_path / "sung.wav").read_text() == "whole"
    assert (tmp_path / "elsewhere").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 5


def test_the_newest_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / f"{TEMPORARY}1.wav").write_text("just made")
    monkeypatch.setattr(leftovers, "MIN_AGE_S", 3600.0)
    assert sweep_leftovers(tmp_path) == 0


def test_a_folder_that_is_not_there_has_nothing_left_in_it(tmp_path: Path):
    assert sweep_leftovers(tmp_path / "absent") == 0


def test_whoever_writes_into_a_folder_removes_first_what_was_left_in_it(tmp_path: Path):
    (tmp_path / f"{TEMPORARY}1.json").write_text("half")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / f"{TEMPORARY}2.json").write_text("half")
    write_text(tmp_path / "whole.json", "{}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deeper", "whole.json"]
    assert len(list((tmp_path / "deeper").iterdir())) == 1


def test_without_locks_only_what_nobody_touched_for_a_day_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    without_locks(monkeypatch, errno.ENOLCK)
    (tmp_path / f"{TEMPORARY}1.json").write_text("half")
    assert sweep_leftovers(tmp_path) == 0
    monkeypatch.setattr(leftovers, "UNLOCKED_AGE_S", 0.0)
    assert sweep_leftovers(tmp_path) == 1


def test_ages_are_measured_by_the_clock_that_dates_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(leftovers, "MIN_AGE_S", 3600.0)
    monkeypatch.setattr("time.time", lambda: 4e9)  # of this machine, far ahead of the server's
    (tmp_path / f"{TEMPORARY}1.wav").write_text("just made")
    assert sweep_leftovers(tmp_path) == 0
    assert len(list(tmp_path.iterdir())) == 1
