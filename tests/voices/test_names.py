"""Names that people give to runs: found everywhere, one for one run, and nothing else changes with them."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from duetto.__main__ import main
from duetto.conversion.register import CARD_FIELD, as_json, register_of
from duetto.errors import CheckpointError, ConfigError
from duetto.runs.identity import run_from
from duetto.settings.run_config import check_name
from duetto.storage.fingerprint import Fingerprint
from duetto.storage.run_folder import RunFolder
from duetto.voices.find import GIVEN_NAME, find_run, folder_of
from duetto.voices.names import claim_name, rename
from tests.architectures.diffsvc.test_training import write_tiny_vocoder
from tests.report.run_folder import make_run
from tests.training.tiny import tiny_config

PERSON = {"subject": "ann", "controller": "Bo", "scopes": ["train", "infer"], "expires": "2099-01-01"}


def made_of(settings: str = "a", code: str = "1") -> Fingerprint:
    return Fingerprint({"settings": settings}, {"data": "d"}, {"duetto.x": code}, {})


def named(logs: Path, folder: str, name: str, origin: Fingerprint | None = None) -> Path:
    run = make_run(logs / folder)
    write_tiny_vocoder(run / "voice")
    record = json.loads((run / "run.json").read_text())
    own = {GIVEN_NAME: name, "signature": folder, "made_of": (origin or made_of()).as_dict()}
    (run / "run.json").write_text(json.dumps({**record, **own}))
    return run


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    named(tmp_path / "logs", "rvc-r0123456789", "my voice")
    named(tmp_path / "logs", "rvc-r0999999999", "other", made_of("b"))
    return Path("logs")


def given(run: Path) -> str | None:
    name = json.loads((run / "run.json").read_text()).get(GIVEN_NAME)
    return None if name is None else str(name)


def test_a_run_is_found_by_its_given_name(logs: Path):
    assert find_run(logs, "my voice") == logs / "rvc-r0123456789"
    assert folder_of(Path("my voice"), logs) == logs / "rvc-r0123456789"


def test_a_folder_of_recordings_gives_way_to_the_voice_of_its_name(logs: Path):
    Path("my voice").mkdir()
    assert folder_of(Path("my voice"), logs) == logs / "rvc-r0123456789"
    assert folder_of(logs, logs) == logs


def test_a_named_run_without_a_voice_says_how_to_go_on(logs: Path):
    (logs / "rvc-r0123456789" / "voice" / "card.json").unlink()
    with pytest.raises(CheckpointError, match=r"not trained yet\. Repeat its training command"):
        find_run(logs, "my voice")


def test_an_unknown_name_lists_the_given_ones(logs: Path):
    with pytest.raises(
        CheckpointError, match=r"Choose one of: my voice \(rvc-r0123456789\), other \(rvc-r0999999999\)"
    ):
        find_run(logs, "my voise")


def test_a_name_belongs_to_one_run(logs: Path):
    new = RunFolder(logs / "rvc-r0aaaaaaaaa")
    with pytest.raises(ConfigError, match=r"belongs to the run rvc-r0123456789.*python -m duetto voices 'my voice'"):
        claim_name("my voice", new, logs, made_of("c"), Console(quiet=True))
    with pytest.raises(ConfigError, match="belongs to the run rvc-r0999999999"):
        rename(logs / "rvc-r0123456789", "other", logs)
    with pytest.raises(ConfigError, match="belongs to the run rvc-r0999999999"):
        rename(logs / "rvc-r0123456789", "rvc-r0999999999", logs)
    assert given(logs / "rvc-r0123456789") == "my voice"


def test_the_same_run_keeps_its_name_and_may_change_it(logs: Path):
    run, console = RunFolder(logs / "rvc-r0123456789"), Console(quiet=True)
    assert claim_name(None, run, logs, made_of(), console) == {GIVEN_NAME: "my voice"}
    assert claim_name("my voice", run, logs, made_of(), console) == {GIVEN_NAME: "my voice"}
    assert claim_name("new", run, logs, made_of(), console) == {GIVEN_NAME: "new"}
    assert claim_name(None, RunFolder(logs / "absent"), logs, made_of(), console) == {}


def test_a_run_of_the_same_settings_by_other_code_takes_the_name_over(logs: Path):
    console = Console(file=io.StringIO(), width=200)
    new = RunFolder(logs / "rvc-r0aaaaaaaaa")
    assert claim_name("my voice", new, logs, made_of(code="2"), console) == {GIVEN_NAME: "my voice"}
    assert "moves here from rvc-r0123456789" in console.file.getvalue()
    assert given(logs / "rvc-r0123456789") is None


def test_a_name_changes_no_signature():
    plain = tiny_config(4)
    called = replace(plain, name="my voice")
    assert run_from(plain, "d", {}) == run_from(called, "d", {})


@pytest.mark.parametrize("name", ["", "latest", "a/b", "--help", "../up", "x" * 65, ".hidden"])
def test_what_cannot_be_a_name_is_refused(name: str):
    with pytest.raises(ConfigError, match="expected up to 64 letters"):
        check_name(name)


@pytest.mark.parametrize("name", ["my_voice", "Änne 2", "初音", "v2.1"])
def test_a_name_is_in_any_script(name: str):
    check_name(name)


def test_voices_lists_and_names(logs: Path, capsys: pytest.CaptureFixture[str]):
    card = logs / "rvc-r0999999999" / "voice" / "card.json"
    sung = as_json(register_of([np.full(200, 220.0), np.full(200, 440.0)], 0.01))
    card.write_text(json.dumps({**json.loads(card.read_text()), "consent": PERSON, CARD_FIELD: sung}))
    assert main(["voices", "my voice", "name=Anna"]) == 0
    said = capsys.readouterr().out
    for word in ("Anna", "other", "A3 to A4", "not recorded", "1.7", "ann, until 2099-01-01", "no record"):
        assert word in said, word
    assert "my voice" not in said
    (logs / "rvc-r0999999999" / "index.html").touch()
    assert main(["voices"]) == 0
    assert f"  {logs}/rvc-r0999999999/index.html\n" in capsys.readouterr().out


def test_naming_needs_both_the_run_and_its_name(logs: Path, capsys: pytest.CaptureFixture[str]):
    for arguments in (["name=x"], ["other"]):
        assert main(["voices", *arguments]) == 2
        assert "voices latest name=my_voice" in capsys.readouterr().err


def test_no_voice_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["voices", f"logs={tmp_path}"]) == 0
    assert "No trained voice" in capsys.readouterr().out


def test_inspect_tells_what_a_singer_wants(logs: Path, capsys: pytest.CaptureFixture[str]):
    card = logs / "rvc-r0123456789" / "voice" / "card.json"
    sung = as_json(register_of([np.full(200, 220.0), np.full(200, 440.0)], 0.01))
    card.write_text(json.dumps({**json.loads(card.read_text()), CARD_FIELD: sung}))
    for arguments in (["run=my voice"], ["my voice"]):
        assert main(["inspect", *arguments, "json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["register"] == "A3 to A4"
        assert facts["called"] == "my voice"
        assert facts["recordings"] == "1.7 min"
        assert facts["top frequency"] == f"{facts['sample rate'] / 2000:g} kHz"
        assert facts["trained from"] == "random weights"


def test_a_report_takes_names(logs: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["report", "run=other"]) == 0
    assert capsys.readouterr().out.strip() == str(logs / "rvc-r0999999999" / "index.html")
