import json
from pathlib import Path

import pytest

from duetto.errors import ConfigError
from duetto.report.collect import collect_run
from duetto.report.compare import differences, render_comparison, song_names, write_comparison
from tests.report.run_folder import make_run


def make_pair(folder: Path, **changes: object) -> list[Path]:
    runs = [make_run(folder / "one"), make_run(folder / "two")]
    facts = json.loads((runs[1] / "run.json").read_text(encoding="utf-8"))
    (runs[1] / "run.json").write_text(json.dumps({**facts, "model": "diffsvc", **changes}), encoding="utf-8")
    return runs


def test_runs_stand_side_by_side_with_every_shared_song(tmp_path: Path):
    runs = [collect_run(folder) for folder in make_pair(tmp_path)]
    page = render_comparison(runs)
    assert song_names(runs)
    assert "diffsvc" in page
    assert page.count("<audio") == len(song_names(runs)) * 4  # source, two outputs, truth
    assert "<script>" in page
    assert "http" not in page.split("<main")[1].replace("data:", "")


def test_runs_on_other_data_are_not_compared_in_silence(tmp_path: Path):
    folders = make_pair(tmp_path, data_hash="other", hours=100.0)
    found = differences([collect_run(folder) for folder in folders])
    assert any("training data" in sentence for sentence in found)
    assert any("different times" in sentence for sentence in found)
    same = make_pair(tmp_path / "same")
    assert not [s for s in differences([collect_run(folder) for folder in same]) if "training data" in s]


def test_one_run_is_no_comparison(tmp_path: Path):
    run = make_run(tmp_path / "one")
    with pytest.raises(ConfigError, match="two runs or more"):
        write_comparison([run, run], tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
