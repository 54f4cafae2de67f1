"""A training as the app starts and shows it: the settings of train.py, and what the run's folder holds."""

import json
from pathlib import Path

import pytest

from duetto.app.jobs import Jobs
from duetto.app.markup import findings, players, table
from duetto.app.training import TrainingRequest, progress_of
from duetto.diagnosis.finding import Finding
from duetto.errors import ConfigError
from tests.report.run_folder import HOSTILE, make_run


def choice(others: str = "") -> list[str]:
    return TrainingRequest(Path("recordings/anna"), "anna", "diffsvc", 5.0, others).settings()


def test_the_settings_are_those_of_the_command_line():
    own = ["model=diffsvc", "data=folder", "logger=none", "trainer.max_minutes=5"]
    assert choice() == [*own, "data.path=recordings/anna", "name=anna"]
    assert "trainer.max_minutes=5" not in choice("trainer=smoke")
    chosen = choice("model=rvc seed=1")
    assert "model=diffsvc" not in chosen
    assert {"model=rvc", "seed=1"} < set(chosen)


@pytest.mark.parametrize(
    ("others", "said"),
    [("epochs=20", "trainer.max_minutes"), ("--multirun", "multirun"), ("seed='1", "seed"), ("seed=1,2", "seed")],
)
def test_a_setting_that_does_not_exist_is_refused_before_anything_starts(others: str, said: str):
    with pytest.raises(ConfigError, match=said):
        choice(others)


def test_a_run_is_shown_as_far_as_it_is(tmp_path: Path):
    logs, jobs = tmp_path / "logs", Jobs(tmp_path / "jobs")
    assert progress_of(jobs, logs, None).sounds() == []
    assert progress_of(jobs, logs, "anna").sentence == "No training of that name was started here."
    run = make_run(logs / "run", given_name="anna")
    progress = progress_of(jobs, logs, "anna")
    assert progress.losses["mel"].size == 140
    assert "mcd_output" in progress.curve
    assert progress.page is None
    (run / "index.html").write_text("x")
    titles = [title for title, _ in progress_of(jobs, logs, "anna").sounds()]
    assert titles == ["Recording: tea", "Your voice: tea"]
    (jobs.folder).mkdir()
    (jobs.folder / "train-anna.json").write_text(json.dumps({"arguments": [], "status": 2}))
    (jobs.folder / "train-anna.log").write_text("Plan\nerror: There is no voice.\n")
    assert progress_of(jobs, logs, "anna").sentence.startswith("It failed: There is no voice.")


def test_every_text_is_escaped(tmp_path: Path):
    path = tmp_path / "a'\"<b>.wav"
    path.write_bytes(b"")
    made = players("logs", tmp_path, [(HOSTILE, path)])
    made += findings([Finding(HOSTILE, "serious", HOSTILE, {}, advice=HOSTILE)]) + table([HOSTILE], [[HOSTILE]])
    assert "<script>" not in made
    assert "<b>.wav" not in made
    assert made.count("&lt;script&gt;") == 8
