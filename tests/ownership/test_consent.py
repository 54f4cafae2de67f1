from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from duetto.errors import CorpusError
from duetto.ownership.consent import (
    SCOPES,
    Consent,
    consent_from_dict,
    embedded_consent,
    example_consent,
    read_consent,
    require_rights,
    require_scope,
    write_consent,
)

TODAY = date(2026, 11, 22)
RECORD = Consent("singer-01", "Ann", ("train", "infer"), ("research",), expires="2027-12-31", recordings=("ab" * 32,))


def test_a_record_survives_writing_and_reading(tmp_path: Path):
    path = tmp_path / "consent.yaml"
    write_consent(path, RECORD)
    assert read_consent(path) == RECORD


def test_the_example_is_a_valid_record_that_allows_training(tmp_path: Path):
    path = tmp_path / "consent.yaml"
    path.write_text(example_consent(TODAY), encoding="utf-8")
    require_scope(read_consent(path), "train", TODAY)


def test_an_embedded_voice_has_no_subject_and_every_scope():
    consent = embedded_consent()
    assert consent.subject == "none"
    for scope in SCOPES:
        require_scope(consent, scope, TODAY)


def test_an_absent_record_is_an_error_that_says_how_to_write_one(tmp_path: Path):
    with pytest.raises(CorpusError, match="python -m duetto consent new"):
        read_consent(tmp_path / "consent.yaml")


def test_the_last_day_still_counts_and_the_next_does_not():
    require_scope(RECORD, "train", date(2027, 12, 31))
    with pytest.raises(CorpusError, match="expired on 2027-12-31"):
        require_scope(RECORD, "train", date(2028, 1, 1))


def test_a_withdrawn_consent_is_refused_from_its_day_on():
    withdrawn = consent_from_dict({**RECORD.as_dict(), "revoked_at": date(2026, 11, 22)})
    require_scope(withdrawn, "train", date(2026, 11, 21))
    with pytest.raises(CorpusError, match="withdrew consent"):
        require_scope(withdrawn, "train", TODAY)


def test_a_scope_that_was_not_granted_is_refused():
    with pytest.raises(CorpusError, match="not `publish_weights`"):
        require_scope(RECORD, "publish_weights", TODAY)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("subject: a\ncontroller: b\nscopes: [train]\nexpires: 2030-01-01\nrevoked: 2026-01-01\n", "unknown keys"),
        ("subject: a\ncontroller: b\nscopes: [train]\n", "no `expires`"),
        ("subject: a\nscopes: [train]\nexpires: 2030-01-01\n", "lacks .'controller'"),
        ("subject: a\ncontroller: b\nscopes: train\nexpires: 2030-01-01\n", "expected a list"),
        ("subject: a\ncontroller: b\nscopes: [everything]\nexpires: 2030-01-01\n", "unknown scopes"),
        ("subject: a\ncontroller: b\nscopes: [train]\nexpires: soon\n", "expected a day"),
        ("subject: [a]\ncontroller: b\nscopes: [train]\nexpires: 2030-01-01\n", "expected text"),
        ("- a\n- b\n", "is not a list of"),
        ("", "is not a list of"),
        ("a: [", "not valid YAML"),
        ("subject: !!python/object/apply:os.system [id]\n", "not valid YAML"),
        ("expires: 2026-13-45\n", "not valid YAML"),
    ],
)
def test_a_record_that_is_wrong_says_what_is_wrong(tmp_path: Path, text: str, found: str):
    path = tmp_path / "consent.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match=found):
        read_consent(path)


def test_a_statement_of_rights_survives_and_a_record_without_one_reads_as_ever(tmp_path: Path):
    path = tmp_path / "consent.yaml"
    stated = replace(RECORD, rights_statement="I recorded this database myself.")
    write_consent(path, stated)
    assert read_consent(path) == stated
    assert "rights_statement" not in RECORD.as_dict()


@pytest.mark.parametrize("statement", ["", "  \n"])
def test_the_right_to_a_database_has_to_be_stated(statement: str):
    require_rights(replace(RECORD, rights_statement="I recorded this database myself."), Path("bank.ddb"))
    with pytest.raises(CorpusError, match=r"right to use bank\.ddb.*rights_statement: I"):
        require_rights(replace(RECORD, rights_statement=statement), Path("bank.ddb"))
