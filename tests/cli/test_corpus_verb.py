"""`python -m duetto corpus data=CASE`."""

from pathlib import Path

import pytest

from duetto.__main__ import main
from tests.corpus.fakes import write_sine

RECORD = "subject: ann\ncontroller: A\nscopes: [train]\nexpires: 2027-05-01\n"


def test_a_corpus_is_built_and_its_card_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_sine(tmp_path / "takes" / "a.wav", 220.0, 2.0)
    (tmp_path / "takes" / "consent.yaml").write_text(RECORD, encoding="utf-8")
    places = [f"data.path={tmp_path / 'takes'}", f"data.root={tmp_path / 'data'}"]
    assert main(["corpus", "data=folder", *places, "--workers", "1"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("Data card", "seconds to train on", "speakers", "subject", "ann", "licence"))
    assert len(list((tmp_path / "data" / "corpora").glob("folder-*/manifest.json"))) == 1


def test_without_voices_or_packages_one_sentence_says_what_to_fetch(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    settings = [f"data.root={tmp_path}", f"data.ensemble.voices_file={tmp_path / 'none.tgz'}"]
    assert main(["corpus", "data=ensemble_quick", *settings]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "pip install .[ensemble]" in said or "npm pack kokoro-js@1.2.1" in said


def test_a_case_that_does_not_exist_is_one_sentence(capsys: pytest.CaptureFixture[str]):
    assert main(["corpus", "data=ensembel"]) == 2
    assert "ensemble" in capsys.readouterr().err
