"""What a study leaves in its folder of results: numbers that can be recomputed, a picture, a page."""

import csv
import io
import math
from pathlib import Path

import pytest
from PIL import Image

from duetto.evaluation.statistics.contrast import Score
from duetto.report import study as report_study
from duetto.report.study import scores_figure, scores_text, write_results
from duetto.storage.files import read_json
from duetto.studies.collect import collect_study
from duetto.studies.conclude import conclude
from duetto.studies.load import load_study
from duetto.studies.schema import Study
from tests.studies.runs import write_runs
from tests.studies.test_conclude import score
from tests.studies.test_load import write


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return load_study(write(tmp_path), "small")


@pytest.fixture
def results(study: Study, tmp_path: Path) -> Path:
    write_runs(study, tmp_path, score)
    collection = collect_study(study, tmp_path)
    write_results(study, collection.scores, conclude(study, collection), tmp_path / "results")
    return tmp_path / "results"


def test_scores_are_those_of_the_metrics_that_claims_are_about(study: Study, results: Path):
    rows = list(csv.DictReader(io.StringIO((results / "scores.csv").read_text())))
    assert {row["metric"] for row in rows} == {each.metric for each in study.hypotheses.values()}
    assert {row["arm"] for row in rows} == set(study.arms)
    assert all(math.isfinite(float(row["value"])) for row in rows)


def test_the_page_names_every_verdict_with_the_command_that_made_it(study: Study, results: Path):
    page = (results / "README.md").read_text()
    assert "python sweep.py study=small" in page
    assert study.file_hash[:12] in page
    for finding in read_json(results / "verdict.json")["findings"]:
        assert f"**{finding['verdict']}**" in page
        assert finding["statement"] in page


def test_the_picture_has_a_panel_for_each_architecture(study: Study, results: Path):
    scores = collect_study(study, results.parent).scores
    metrics = ["mcd_output"]
    one = [each for each in scores if each.model == "rvc"]
    alone, both = (Image.open(io.BytesIO(scores_figure(study, metrics, each))) for each in (one, scores))
    assert both.width > 1.5 * alone.width
    assert (results / "scores.png").read_bytes().startswith(b"\x89PNG")


def test_shares_are_drawn_in_per_cent(study: Study, monkeypatch: pytest.MonkeyPatch):
    drawn = []
    monkeypatch.setattr(report_study, "_draw_scores", lambda panel, scores, arms: drawn.extend(s.value for s in scores))
    scores = [
        Score("oracle", "rvc", 0, "a", "native", "hole_fraction", 0.25),
        Score("oracle", "rvc", 0, "a", "native", "mcd_output", 7.0),
    ]
    scores_figure(study, ["hole_fraction", "mcd_output"], scores)
    assert drawn == [25.0, 7.0]


def test_more_conditions_than_marks_are_all_drawn(study: Study):
    def picture(last: float) -> bytes | None:
        values = [
            5.0,
            9.0,
            6.0,
            7.0,
            8.0,
            6.0,
            7.0,
            8.0,
            last,
        ]  # the last stays within the others: the axis does not move
        scores = [Score("oracle", "rvc", 0, "a", f"up{n}", "mcd_output", value) for n, value in enumerate(values)]
        return scores_figure(study, ["mcd_output"], scores)

    assert picture(6.0) != picture(7.0)


def test_an_undefined_score_is_empty_and_alone_draws_nothing(study: Study):
    undefined = Score("oracle", "rvc", 0, "air_13", "native", "mcd_output", math.nan)
    assert scores_text([undefined]).splitlines()[1] == "rvc,oracle,0,air_13,native,mcd_output,"
    assert scores_figure(study, ["mcd_output"], [undefined]) is None
