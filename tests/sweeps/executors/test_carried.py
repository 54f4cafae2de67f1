"""A run's folder that travels to a node and back."""

from pathlib import Path

import pytest

from duetto.errors import StorageError
from duetto.sweeps.executors.carried import pack, unpack


def make_run(folder: Path, text: str) -> Path:
    (folder / "voice").mkdir(parents=True)
    (folder / "run.json").write_text(text, encoding="utf-8")
    (folder / "voice/weights").write_bytes(b"1234")
    return folder


def test_a_run_comes_back_whole_and_in_the_place_of_the_earlier_one(tmp_path):
    packed = pack(make_run(tmp_path / "node", "later"))
    run = make_run(tmp_path / "here", "earlier")
    (run / "stale").touch()
    unpack(packed, run)
    assert (run / "run.json").read_text(encoding="utf-8") == "later"
    assert (run / "voice/weights").read_bytes() == b"1234"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "node"]
    assert not (run / "stale").exists()


def test_a_run_that_cannot_be_put_in_place_leaves_the_earlier_one(tmp_path, monkeypatch):
    packed, run = pack(make_run(tmp_path / "node", "later")), make_run(tmp_path / "here", "earlier")
    rename, calls = Path.rename, []

    def second_fails(self, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(StorageError, match="cannot be stored"):
        unpack(packed, run)
    assert (run / "run.json").read_text(encoding="utf-8") == "earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "node"]
