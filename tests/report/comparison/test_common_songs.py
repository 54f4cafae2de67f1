"""A mean of three songs does not stand beside a mean of one as if they were the same."""

import json
import math
import re

import pytest

from duetto.report.collect import collect_run
from duetto.report.comparison.common_songs import over_common_songs
from duetto.report.comparison.page import write_comparison
from duetto.report.comparison.table import OTHER_SONGS, runs_table
from tests.report.comparison.several_runs import change_facts
from tests.report.run_folder import make_run, metrics, row
from tests.report.run_folder import scores as song_scores
from tests.report.test_page import Page


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("duetto.report.comparison.listening.MAX_PICTURES", 0)
    return tmp_path


def make(folder, name, mcd, **facts):
    """A run with an MCD for each song; None = undefined."""
    run = make_run(folder / name, [(song, "mei") for song in mcd], 0.2)
    change_facts(run, signature=f"{name[0] * 4}000000", case="case_b", **facts)
    rows = [row(song, "mei", song_scores(mcd_output=value)) for song, value in mcd.items()]
    (run / "metrics.json").write_text(json.dumps(metrics(rows)))
    return run


def shared(*folders):
    return over_common_songs([collect_run(folder) for folder in folders])


def cells(found):
    table = runs_table(found.runs, found.incomparable)
    place = next(n for n, column in enumerate(table["columns"]) if column["title"].startswith("MCD"))
    return [line["cells"][place] for line in table["rows"]]


def test_means_are_over_the_songs_that_all_runs_share(folder):
    many = make(folder, "many", {"tea": 6.0, "rain": 9.0, "wind": 9.0})
    one = make(folder, "one", {"tea": 7.0})
    found = shared(many, one)
    assert [run.mean("mcd_output") for run in found.runs] == [6.0, 7.0]  # 8.0 over its three songs
    assert [run.count("mcd_output") for run in found.runs] == [1, 1]
    assert [cell["is_best"] for cell in cells(found)] == [True, False]
    (remark,) = found.remarks
    assert "case b were scored on 1 to 3 songs; means are over the 1 song that all of them share: tea of mei" in remark


def test_an_undefined_song_is_left_out_for_all(folder):
    found = shared(make(folder, "many", {"tea": 6.0, "rain": 2.0}), make(folder, "one", {"tea": 7.0, "rain": None}))
    assert [run.mean("mcd_output") for run in found.runs] == [6.0, 7.0]
    assert found.runs[0].mean("f0_rmse_cents") == pytest.approx(14.2)


def test_runs_without_a_common_song_are_marked_and_not_starred(folder):
    found = shared(make(folder, "many", {"rain": 6.0, "wind": 5.0}), make(folder, "one", {"tea": 7.0}))
    assert [run.mean("mcd_output") for run in found.runs] == [5.5, 7.0]
    assert [cell["is_best"] for cell in cells(found)] == [False, False]
    assert all(OTHER_SONGS in cell["label"] for cell in cells(found))
    assert "do not compare" in found.remarks[0]


def test_runs_of_other_cases_and_without_scores_do_not_take_songs_away(folder):
    many = make(folder, "many", {"tea": 6.0, "rain": 9.0})
    other = make(folder, "one", {"wind": 7.0})
    change_facts(other, case="case_c")
    bare = make(folder, "bare", {"tea": 5.0})
    (bare / "metrics.json").unlink()
    found = shared(many, other, bare)
    assert [run.mean("mcd_output") for run in found.runs[:2]] == [7.5, 7.0]
    assert math.isnan(found.runs[2].mean("mcd_output"))
    assert found.remarks == ()


def test_the_page_says_over_which_songs(folder):
    make(folder, "many", {"tea": 6.0, "rain": 9.0})
    make(folder, "one", {"tea": 7.0})
    page = Page(write_comparison([folder], folder / "page.html", folder / "none").read_text())
    assert "that all of them share" in page.text
    assert re.search(r"best of its case: 6\.00 dB", page.text)
