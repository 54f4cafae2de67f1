import json
import re
from pathlib import Path

import pytest

from duetto.errors import ConfigError, StorageError
from duetto.report.comparison.differing import with_differences
from duetto.report.comparison.find import find, read, run_folders
from duetto.report.comparison.page import differences, write_comparison
from tests.report.comparison.several_runs import change_facts, change_means, make_pair, write_verdict
from tests.report.run_folder import HOSTILE, make_run
from tests.report.test_page import Page


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("logs")
    for run in make_pair(place):
        settings = {"note": HOSTILE, "data": {"sources": ["mei"]}}
        change_facts(run, config=settings, consent={"subject": "none", "controller": "duetto", "scopes": ["train"]})
    return place


@pytest.fixture(scope="module")
def page(folder):
    results = folder / "results"
    write_verdict(results)
    return Page(write_comparison([folder], folder / "page.html", results).read_text(encoding="utf-8"))


@pytest.fixture
def no_pictures(monkeypatch):
    monkeypatch.setattr("duetto.report.comparison.listening.MAX_PICTURES", 0)


def test_source_both_architectures_and_reference_stand_side_by_side_at_both_pitches(page):
    labels = [player["aria-label"] for player in page.all("audio")]
    for pitch in ("native register", "+6 semitones"):
        fronts = [f"{name}: tea, {pitch}" for name in ("Source", "RVC aaaa", "Diff-SVC bbbb", "Reference")]
        assert all(label in labels for label in fronts)
        places = [labels.index(label) for label in fronts]
        assert places == sorted(places)


def test_everything_within_the_budget_is_inside_the_page(page):
    assert all(player["src"].startswith("data:audio/mpeg;base64,") for player in page.all("audio"))
    assert all(picture["src"].startswith("data:image/png;base64,") for picture in page.all("img"))
    for _, attributes in page.elements:
        assert attributes.get("href", "#").startswith("#")


def test_what_exceeds_the_budget_is_linked_relatively_and_counted(folder, no_pictures):
    page = Page(write_comparison([folder], folder / "small.html", folder / "none", 0.012).read_text(encoding="utf-8"))
    linked = [player["src"] for player in page.all("audio") if not player["src"].startswith("data:")]
    assert linked
    assert len(linked) < len(page.all("audio"))
    assert all((folder / source).is_file() for source in linked)
    assert f"{len(linked)} more are linked" in page.text
    assert "file:" in page.all("meta")[1]["content"]


def test_sounds_come_first_and_verdicts_after_scores_and_curves(page):
    sections = [attributes["id"] for attributes in page.all("section")]
    assert sections == ["listen", "runs", "curves", "speed", "verdicts", "data", "voices"]
    assert "reproduced" in page.text
    assert "+1.80 dB" in page.text
    assert "+0.90 to +2.70" in page.text
    assert "0.020" in page.text  # p after Holm
    assert "cdcdcdcdcdcd" in page.text


def test_without_a_study_the_page_says_so(folder, tmp_path, no_pictures):
    page = Page(write_comparison([folder / "one", folder / "two"], tmp_path / "p.html", tmp_path).read_text())
    assert "No study was run." in page.text
    assert "Spectrograms of 2 more renditions are left out" in page.text


def test_scores_against_transposition_are_drawn_for_both(page):
    charts = [svg for svg in page.all("svg") if svg.get("role") == "img"]
    register = [svg["aria-label"] for svg in charts if "transposition (semitones)" in svg["aria-label"]]
    assert register
    assert all("rvc" in text and "diffsvc" in text for text in register)


def test_missing_curves_are_named(page):
    assert "no data for curves of tempo, dose, length" in page.text


def test_the_best_score_of_a_case_is_marked_and_numbers_have_units(page):
    assert re.search(r"best of its case: 4\.50 dB", page.text)
    assert "5.10 dB" in page.text
    assert "best of its case: 5.10 dB" not in page.text


def test_cards_name_consent_hash_code_and_signature(page):
    assert "none: an embedded voice, which belongs to nobody" in page.text
    assert "ab" * 32 in page.text
    assert "aaaa000000" in page.text
    identities = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert {"run-aaaa000000", "run-bbbb000000"} <= set(identities)
    assert len(identities) == len(set(identities))
    assert all(a["href"][1:] in identities for a in page.all("a"))


def test_values_from_files_are_escaped(page):
    assert len(page.all("script")) == 1
    assert json.dumps(HOSTILE) in page.text


def test_runs_on_other_data_are_not_compared_in_silence(tmp_path: Path):
    runs = read(find(make_pair(tmp_path, data_hash="other", hours=100.0), tmp_path / "none")).runs
    found = differences(runs)
    assert any("training data" in sentence for sentence in found)
    assert any("different times" in sentence for sentence in found)
    same = read(find(make_pair(tmp_path / "same"), tmp_path / "none")).runs
    assert differences(same) == []


def test_a_sweep_names_its_runs_and_what_failed(tmp_path):
    make_pair(tmp_path / "logs")
    sweep = tmp_path / "logs" / "sweeps" / "smoke"
    sweep.mkdir(parents=True)
    rows = [
        {"name": "a", "run": "one", "state": "finished", "error": None},
        {"name": "b", "run": "gone", "state": "failed", "error": "the disk is full"},
    ]
    (sweep / "state.json").write_text(json.dumps({"runs": rows}))
    found = read(find([sweep], tmp_path / "none"))
    assert [(run.folder.name, run.short_name) for run in found.runs] == [("one", "a")]
    assert found.problems == ("b of the sweep smoke is failed: the disk is full.",)


def test_a_damaged_run_is_named_and_the_rest_is_shown(tmp_path):
    pair = make_pair(tmp_path)
    (pair[1] / "metrics.json").write_text("{")
    found = read(find([tmp_path], tmp_path / "none"))
    assert len(found.runs) == 1
    assert "two is left out" in found.problems[0]


def test_folders_are_searched_and_each_run_is_taken_once(tmp_path):
    make_run(tmp_path / "sweep" / "job" / "run", num_seconds=0.1)
    (tmp_path / "sweep" / ".hidden").mkdir()
    run = tmp_path / "sweep" / "job" / "run"
    assert run_folders(tmp_path) == [run]
    assert len(find([tmp_path, run], tmp_path / "none").runs) == 1


def test_nothing_to_compare_is_one_sentence(tmp_path):
    with pytest.raises(ConfigError, match="no run in"):
        find([tmp_path], tmp_path / "none")
    with pytest.raises(StorageError, match="no folder"):
        find([tmp_path / "gone"], tmp_path)


def test_a_few_runs_stand_side_by_side_the_best_of_an_architecture_first(tmp_path, no_pictures):
    make_pair(tmp_path)
    better = make_run(tmp_path / "three", (("tea", "mei"),), 0.3)
    change_facts(better, signature="cccc000000", speakers=["miku"])
    change_means(better, mcd_output=1.0)
    page = Page(write_comparison([tmp_path], tmp_path / "p.html", tmp_path / "none").read_text())
    labels = [player["aria-label"] for player in page.all("audio")]
    names = ("Source", "RVC cccc", "RVC aaaa", "Diff-SVC bbbb", "Reference")
    assert labels[:5] == [f"{name}: tea, native register" for name in names]


def test_of_many_runs_the_best_of_each_architecture_stands_in_front(tmp_path, no_pictures, monkeypatch):
    monkeypatch.setattr("duetto.report.comparison.listening.FRONT", 2)
    make_pair(tmp_path)
    third = make_run(tmp_path / "three", (("tea", "mei"),), 0.3)
    change_facts(third, signature="cccc000000", speakers=["miku"])
    change_means(third, mcd_output=1.0)
    page = Page(write_comparison([tmp_path], tmp_path / "p.html", tmp_path / "none").read_text())
    labels = [player["aria-label"] for player in page.all("audio")]
    assert labels[:4] == [f"{n}: tea, native register" for n in ("Source", "RVC cccc", "Diff-SVC bbbb", "Reference")]
    assert "rvc compact aaaa: tea, native register" in labels
    assert "Of more than 2 runs" in page.text


def test_verdicts_of_studies_on_other_runs_are_a_link(tmp_path, no_pictures):
    pair = make_pair(tmp_path / "logs")
    results = tmp_path / "results"
    write_verdict(results, "register", runs=[{"run": "rvc-x-r0aaaaaaaaa", "signature": "r0aaaaaaaaa"}])
    write_verdict(results, "tempo", runs=[{"run": "one", "signature": "aaaa000000"}])
    found = find(pair, results)
    assert [file.parent.name for file in found.verdict_files] == ["tempo"]
    assert [file.parent.name for file in found.other_verdicts] == ["register"]
    page = Page(write_comparison(pair[1:], tmp_path / "p.html", results).read_text(encoding="utf-8"))
    assert "No study had these runs." in page.text
    assert "reproduced" not in page.text
    links = [a["href"] for a in page.all("a") if not a["href"].startswith("#")]
    assert links == ["results/register/README.md", "results/tempo/README.md"]


def test_runs_are_titled_by_their_names_and_by_the_settings_that_differ(tmp_path):
    runs = [make_run(tmp_path / name, num_seconds=0.1) for name in ("a", "b", "c")]
    for number, run in enumerate(runs):
        settings = {"seed": 0, "logs": f"logs{number}", "trainer": {"max_minutes": [20.0, 8.0, 8.0][number]}}
        change_facts(
            run, config=settings, signature=f"{number}abc000000", **({"given_name": "anna"} if not number else {})
        )
    found = with_differences(read(find(runs, tmp_path / "none")).runs)
    assert [run.short_name for run in found] == [
        "anna · max_minutes 20",
        "rvc compact max_minutes 8, 1abc",
        "rvc compact max_minutes 8, 2abc",
    ]


def test_settings_that_an_earlier_version_lacked_are_no_difference(tmp_path):
    runs = [make_run(tmp_path / name, num_seconds=0.1) for name in ("a", "b")]
    change_facts(runs[0], config={"seed": 0})
    change_facts(runs[1], config={"seed": 0, "new": 1})
    assert [run.differs for run in with_differences(read(find(runs, tmp_path / "none")).runs)] == ["", ""]


def test_ones_own_runs_are_titled_by_their_names_and_play_the_recording_once(tmp_path, no_pictures):
    runs = [make_run(tmp_path / name, num_seconds=0.2) for name in ("a", "b")]
    for name, run in zip(("anna", "anna longer"), runs, strict=True):
        change_facts(run, given_name=name)
        change_means(run, mcd_source=0.0)
    page = Page(write_comparison(runs, tmp_path / "p.html", tmp_path / "none").read_text())
    assert "anna and anna longer" in page.text
    labels = [player["aria-label"].split(":")[0] for player in page.all("audio")]
    assert labels[:3] == ["Recording", "RVC anna", "RVC anna longer"]
    assert "Reference" not in labels
