"""What is kept on a second disk is whole, current, and enough to go on from."""

import os
import threading

import pytest

from duetto.storage import safekeeping
from duetto.storage.safekeeping import copy_changed, kept


def test_only_what_changed_is_copied_again(tmp_path):
    run, drive = tmp_path / "run", tmp_path / "drive"
    (run / "voice").mkdir(parents=True)
    (run / "voice" / "card.json").write_text("{}")
    (run / "losses.csv").write_text("1")
    assert len(copy_changed(run, drive)) == 2
    assert copy_changed(run, drive) == []
    (run / "losses.csv").write_text("1\n2")
    assert copy_changed(run, drive) == [drive / "losses.csv"]
    (run / "voice" / "card.json").write_text("[]")  # the same size
    os.utime(run / "voice" / "card.json", (10, 10))
    assert copy_changed(run, drive) == [drive / "voice" / "card.json"]
    assert copy_changed(drive, tmp_path / "again") != []  # the way back is the same


def test_what_is_made_again_or_belongs_to_the_process_stays(tmp_path):
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    (run / "wandb").mkdir()
    for name in (".lock", "checkpoints/previous.ckpt", "checkpoints/last.ckpt", "wandb/log"):
        (run / name).write_text("x")
    assert copy_changed(run, tmp_path / "drive") == [tmp_path / "drive" / "checkpoints" / "last.ckpt"]


def test_a_failed_copy_leaves_the_former_one_whole(tmp_path, monkeypatch):
    run, drive = tmp_path / "run", tmp_path / "drive"
    run.mkdir()
    (run / "last.ckpt").write_text("first")
    copy_changed(run, drive)
    (run / "last.ckpt").write_text("second, longer")

    def full(origin, copy):
        copy.write_text("sec")
        raise OSError("No space left on device")

    monkeypatch.setattr(safekeeping.shutil, "copy2", full)
    with pytest.raises(OSError, match="No space"):
        copy_changed(run, drive)
    assert [path.name for path in drive.iterdir()] == ["last.ckpt"]
    assert (drive / "last.ckpt").read_text() == "first"


def test_it_is_copied_while_the_block_runs_and_at_its_end_even_if_that_is_an_error(tmp_path, monkeypatch):
    run, drive, rounds = tmp_path / "run", tmp_path / "drive", threading.Semaphore(0)
    run.mkdir()
    (run / "a").write_text("a")
    copy = safekeeping.copy_changed
    monkeypatch.setattr(safekeeping, "copy_changed", lambda *places: (copy(*places), rounds.release()))

    def interrupted():
        with kept(run, drive, 0.01):
            assert rounds.acquire(timeout=10)
            assert (drive / "a").exists()
            (run / "b").write_text("b")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (drive / "b").read_text() == "b"
