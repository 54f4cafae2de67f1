import io
import json
from datetime import date
from pathlib import Path

import pytest

from duetto.__main__ import main
from duetto.cli.commands.consent import ask
from duetto.errors import ConfigError, CorpusError
from duetto.ownership.consent import read_consent
from duetto.ownership.new_record import QUESTIONS
from duetto.voices.permission import require_use

ANSWERS = ["--subject", "singer-01", "--controller", "Ann", "--scopes", "train, infer", "--purposes", "research"]
FULL = [*ANSWERS, "--expires", "2099-12-31"]


@pytest.fixture(autouse=True)
def without_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path_factory.mktemp("home")))


def test_options_write_a_record_that_training_accepts(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "form.pdf").write_bytes(b"signed")
    assert main(["consent", "new", str(tmp_path), *FULL, "--evidence", str(tmp_path / "form.pdf")]) == 0
    consent = read_consent(tmp_path / "consent.yaml")
    assert (consent.scopes, consent.purposes, consent.expires) == (("train", "infer"), ("research",), "2099-12-31")
    assert len(consent.evidence) == 64
    assert main(["consent", "show", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "train: allowed today" in shown
    assert "publish_audio: not allowed today" in shown


def test_without_a_terminal_nothing_is_asked_and_the_missing_options_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["consent", "new", str(tmp_path), *ANSWERS]) == 2
    assert "add --expires" in capsys.readouterr().err
    assert not (tmp_path / "consent.yaml").exists()


def test_questions_are_repeated_until_answered_and_options_are_not_asked_again():
    answers = iter(["", "singer-01", "sing", "train", "research", "", "soon", "2099-01-01", "", ""])
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return next(answers)

    given = dict.fromkeys(
        ("subject", "controller", "scopes", "purposes", "territory", "expires", "evidence", "signature")
    )
    answered = ask({**given, "controller": "Ann"}, answer)
    assert answered["subject"] == "singer-01"
    assert answered["controller"] == "Ann"
    assert answered["territory"] == ""
    assert next(answers, None) is None
    assert [question.split(". ")[0] for question in asked if question.startswith(("sing:", "soon "))] == [
        "sing: no such scope",
        "soon is not a day such as 2030-12-31",
    ]


def test_answers_that_end_early_write_nothing():
    def answer(_: str) -> str:
        raise EOFError

    with pytest.raises(ConfigError, match="nothing was written"):
        ask(dict.fromkeys(QUESTIONS), answer)


def test_a_record_is_not_replaced_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["consent", "new", str(tmp_path), *FULL]) == 0
    assert main(["consent", "new", str(tmp_path), *FULL]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["consent", "new", str(tmp_path), *FULL, "--force"]) == 0


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--expires", "soon"], "expected a day"),
        (["--scopes", "everything", "--expires", "2099-01-01"], "unknown scopes"),
        (["--evidence", "nowhere.pdf", "--expires", "2099-01-01"], "no file nowhere.pdf"),
    ],
)
def test_an_answer_that_makes_no_record_writes_none(
    tmp_path: Path, options: list[str], found: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["consent", "new", str(tmp_path), *ANSWERS, *options]) == 2
    assert found in capsys.readouterr().err
    assert not (tmp_path / "consent.yaml").exists()


def make_run(logs: Path, consent: dict[str, object]) -> Path:
    run = logs / "rvc-folder-none-compact-0123456789"
    (run / "voice").mkdir(parents=True)
    for path in (run / "run.json", run / "voice/card.json"):
        path.write_text(json.dumps({"name": run.name, "consent": consent}), encoding="utf-8")
    return run


def test_a_withdrawal_reaches_record_and_voices(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    main(["consent", "new", str(tmp_path), *FULL])
    own = read_consent(tmp_path / "consent.yaml").as_dict()
    run = make_run(tmp_path / "logs", {**own, "subject": "ann, singer-01", "members": [own]})
    require_use(json.loads((run / "voice/card.json").read_text()), run)
    assert main(["consent", "revoke", str(tmp_path), "--logs", str(tmp_path / "logs")]) == 0
    assert run.name in capsys.readouterr().out
    assert read_consent(tmp_path / "consent.yaml").revoked_at == date.today().isoformat()
    assert main(["consent", "show", str(tmp_path)]) == 1
    assert main(["consent", "show", str(run)]) == 1
    with pytest.raises(CorpusError, match="withdrew"):
        require_use(json.loads((run / "voice/card.json").read_text()), run)


def test_a_withdrawal_leaves_other_voices_alone(tmp_path: Path):
    main(["consent", "new", str(tmp_path), *FULL])
    run = make_run(tmp_path / "logs", {**read_consent(tmp_path / "consent.yaml").as_dict(), "subject": "singer-02"})
    before = (run / "voice/card.json").read_bytes()
    main(["consent", "revoke", str(tmp_path), "--logs", str(tmp_path / "logs")])
    assert (run / "voice/card.json").read_bytes() == before
