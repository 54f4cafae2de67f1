"""A folder that is damaged, foreign or of a later version is one sentence, and never hides the others."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from duetto.__main__ import main
from duetto.errors import CheckpointError, DuettoError
from duetto.report.comparison.find import find, read
from duetto.runs.withdrawal import withdraw
from duetto.voices.find import find_run, pass_over, recorded_runs, trained_runs
from duetto.voices.voice import load_voice
from tests.architectures.diffsvc.test_training import write_tiny_vocoder
from tests.report.run_folder import make_run

PERSON = {"subject": "ann", "controller": "Bo", "scopes": ["train", "infer"], "expires": "2099-01-01"}
ODD = {
    "torn": '{"name": ',
    "empty": "",
    "list": "[1, 2]",
    "null": "null",
    "deep": "[" * 100_000,
    "endless": '{"config": {"seed": 1e999}}',
    "later": '{"format": 9, "model": {"name": "later"}, "config": {"data": null}, "made_of": {"modules": null}}',
    "typed": '{"model": [], "config": [], "made_of": [], "signature": {}, "consent": 3, "features": null, "ledger": 1}',
}


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A good run among odd ones, and a voice without a run."""
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "home"))
    folder = tmp_path / "logs"
    good = make_run(folder / "good-r0123456789")
    write_tiny_vocoder(good / "voice")
    for name, text in ODD.items():
        (folder / name / "voice").mkdir(parents=True)
        (folder / name / "voice" / "card.json").write_text(text)
        (folder / name / "run.json").write_text(text)
    stray = folder / "stray" / "voice"
    stray.mkdir(parents=True)
    (stray / "card.json").write_text(json.dumps({"consent": PERSON}))
    pass_over.cache_clear()
    return folder


def change(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_voice_without_a_run_is_passed_over_with_a_warning(logs: Path, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        assert logs / "stray" not in trained_runs(logs)
        trained_runs(logs)
    assert [record.message for record in caplog.records if "stray" in record.message] == [
        f"{logs / 'stray'} is skipped: it holds a voice, but no run.json. Name its folder to use it."
    ]
    assert find_run(logs, "good-r0123456789") == logs / "good-r0123456789"
    assert find_run(logs, str(logs / "stray")) == logs / "stray"


def test_records_that_cannot_be_read_are_passed_over_with_a_warning(logs: Path, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        names = {folder.name for folder, _ in recorded_runs(logs)}
    assert names == {"good-r0123456789", "later", "typed"}
    assert {name for name in ODD for record in caplog.records if f"{logs / name} is" in record.message} == {
        "torn",
        "empty",
        "list",
        "null",
        "deep",
        "endless",
    }


@pytest.mark.parametrize("name", ODD)
def test_an_odd_voice_is_one_sentence(logs: Path, name: str, capsys: pytest.CaptureFixture[str]):
    (logs / name / "voice" / "generator.safetensors").write_bytes(b"x")
    with pytest.raises(DuettoError):
        load_voice(logs / name / "voice")
    for verb in (
        ["export", str(logs / name)],
        ["inspect", str(logs / name)],
        ["stress", str(logs / name)],
        ["base", str(logs / name)],
    ):
        assert main(verb) == 2
        assert capsys.readouterr().err.startswith("error: ")
    assert main(["check", str(logs / name)]) in (0, 1)


def test_a_withdrawal_reaches_every_voice_that_can_be_read(logs: Path, caplog: pytest.LogCaptureFixture):
    for name in ("voice/card.json", "run.json"):
        change(logs / "good-r0123456789" / name, consent=PERSON)
    with caplog.at_level(logging.WARNING):
        assert withdraw("Ann", "2026-01-01", logs, logs / "data").runs == ("good-r0123456789", "stray")
    assert "torn" in caplog.text
    assert json.loads((logs / "stray/voice/card.json").read_text())["consent"]["revoked_at"] == "2026-01-01"


def test_a_comparison_leaves_out_what_cannot_be_read_and_says_so(logs: Path, tmp_path: Path):
    (logs / "sweeps" / "half").mkdir(parents=True)
    (logs / "sweeps" / "half" / "state.json").write_text('{"runs": ')
    found = read(find([logs], tmp_path / "results"))
    assert "good-r0123456789" in {run.folder.name for run in found.runs}
    assert {name for name in ODD for sentence in found.problems if sentence.startswith(f"{name} is left out")} == {
        "torn",
        "empty",
        "list",
        "null",
        "deep",
        "endless",
        "typed",
    }
    assert main(["report", str(logs), "--output", str(tmp_path / "page.html"), "--results", str(tmp_path)]) == 0


def test_an_unknown_name_among_many_runs_is_a_few_lines_with_the_nearest(tmp_path: Path):
    for number in range(300):
        folder = tmp_path / f"rvc-case_b-full-compact-r{number:09d}"
        (folder / "voice").mkdir(parents=True)
        (folder / "voice" / "card.json").write_text("{}")
        (folder / "run.json").write_text("{}")
    with pytest.raises(CheckpointError) as raised:
        find_run(tmp_path, "r00000217")
    said = str(raised.value)
    assert "rvc-case_b-full-compact-r000000217" in said
    assert len(said) < 600
    with pytest.raises(CheckpointError) as raised:
        find_run(tmp_path, "r0000002")
    assert "100 runs fit run=r0000002" in str(raised.value)
    assert len(str(raised.value)) < 600
