from datetime import date
from pathlib import Path

import pytest
import yaml

from duetto.errors import CorpusError, StorageError
from duetto.ownership.consent import consent_from_dict
from duetto.ownership.consent_file import read_record
from duetto.ownership.gate import require_consent, require_current, require_not_withdrawn
from duetto.ownership.revocation import add_revocation, lift_revocation, own_list, read_revocations
from tests.ownership.records import person

HERE = Path("card.json")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "home"))


def is_refused(subject: str, **values) -> bool:
    try:
        require_consent(consent_from_dict(person(subject=subject, **values)), "infer", HERE)
    except CorpusError as error:
        return "withdrew consent on 2026-01-01" in str(error)
    return False


@pytest.mark.parametrize("spelling", ["ann-01", "Ann 01", "ANN_01", " ann‐01 ", "ａｎｎ 01"])
def test_a_withdrawal_acts_on_every_spelling_and_controller(spelling: str):
    add_revocation("Ann-01", "2026-01-01")
    assert is_refused(spelling)
    assert is_refused(spelling, controller="somebody else")
    assert not is_refused("ann-02")


def test_one_of_several_singers_is_enough():
    add_revocation("bob", "2026-01-01")
    joint = {**person(subject="ann, bob"), "members": [person(), person(subject="Bob")]}
    with pytest.raises(CorpusError, match="Bob withdrew"):
        require_consent(consent_from_dict(joint), "infer", HERE)


def test_the_earlier_day_counts_and_a_new_agreement_lifts_it():
    add_revocation("ann", "2026-03-01", ["ab"])
    add_revocation("ann", "2026-01-01", ["cd"])
    assert read_revocations().day_of("ann") == "2026-01-01"
    assert set(read_revocations().recordings) == {"ab", "cd"}
    assert lift_revocation("ANN") == "2026-01-01"
    assert lift_revocation("ANN") is None
    assert not is_refused("ann")


def test_recordings_are_refused_under_any_name():
    add_revocation("ann", "2026-01-01", ["ab" * 32])
    require_not_withdrawn(["cd" * 32], HERE)
    with pytest.raises(CorpusError, match="withdrew consent on 2026-01-01, under another name"):
        require_not_withdrawn(["cd" * 32, "ab" * 32], HERE)


def test_the_list_names_nobody():
    add_revocation("Ann-Sophie", "2026-01-01")
    assert "ann" not in own_list().read_text().lower()


def test_a_list_on_a_share_counts_and_has_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    add_revocation("ann", "2026-01-01")
    shared = tmp_path / "share" / "revoked.json"
    shared.parent.mkdir()
    own_list().rename(shared)
    assert not is_refused("ann")
    monkeypatch.setenv("DUETTO_REVOKED", str(shared))
    assert is_refused("ann")
    shared.unlink()
    with pytest.raises(CorpusError, match=r"is missing\. Mount its share"):
        read_revocations()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"subjects": 3}', '{"subjects": {"ab": {"on": "soon", "recordings": []}}}', '{"subj']
)
def test_a_damaged_list_stops_every_use(text: str):
    own_list().parent.mkdir(parents=True)
    own_list().write_text(text)
    with pytest.raises((CorpusError, StorageError)):
        require_consent(consent_from_dict(person()), "infer", HERE)


def test_an_expired_record_may_not_be_shown_either():
    record = {"consent": person(expires="2026-06-01")}
    require_current(record, HERE, date(2026, 6, 1))
    with pytest.raises(CorpusError, match="expired on 2026-06-01"):
        require_current(record, HERE, date(2026, 6, 2))


@pytest.mark.parametrize("line", ["revoked_at: null", "subject: ann-02", "scopes: [train, infer, publish_weights]"])
def test_a_key_that_stands_twice_is_refused(tmp_path: Path, line: str):
    path = tmp_path / "consent.yaml"
    path.write_text(yaml.safe_dump(person(revoked_at="2026-01-01")) + f"{line}\n")
    with pytest.raises(CorpusError, match=f"holds {line.partition(':')[0]} twice"):
        read_record(path)


def test_a_key_twice_in_a_members_record_is_refused(tmp_path: Path):
    path = tmp_path / "consent.yaml"
    member = '{"subject": "bob", "controller": "x", "scopes": [train], "expires": 2030-01-01, "expires": 2031-01-01}'
    path.write_text(f"subject: both\ncontroller: x\nscopes: [train]\nexpires: 2030-01-01\nmembers: [{member}]\n")
    with pytest.raises(CorpusError, match="holds expires twice"):
        read_record(path)
