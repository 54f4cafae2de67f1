"""A revocation list on a share: whoever changes it, takes its signature away or signs it anew is found out."""

import json
from pathlib import Path

import pytest

from duetto.__main__ import main
from duetto.errors import CorpusError
from duetto.ownership.revocation import add_revocation, own_list, read_revocations
from duetto.ownership.signature import check_signature, signature_path

pytest.importorskip("cryptography", reason="signatures need it")


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list that another installation wrote, and this one named and has read once."""
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "keeper"))
    add_revocation("ann", "2026-01-01")
    add_revocation("bob", "2026-02-01")
    path = tmp_path / "share/revoked.json"
    assert main(["consent", "share", str(path)]) == 0
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "reader"))
    monkeypatch.setenv("DUETTO_REVOKED", str(path))
    assert read_revocations().day_of("ANN") == "2026-01-01"
    return path


def without_ann(path: Path) -> None:
    values = json.loads(path.read_text())
    values["subjects"].popitem()
    path.write_text(json.dumps(values))


def test_a_changed_list_is_refused_with_the_remedy(shared: Path):
    without_ann(shared)
    with pytest.raises(CorpusError, match=r"somebody changed one of them\. Get list and revoked\.json\.sig again"):
        read_revocations()


def test_a_list_whose_signature_was_taken_away_is_refused(shared: Path):
    without_ann(shared)
    signature_path(shared).unlink()
    with pytest.raises(CorpusError, match="its signature is gone"):
        read_revocations()


def test_a_list_that_somebody_else_signed_is_refused(shared: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "stranger"))
    monkeypatch.delenv("DUETTO_REVOKED")
    add_revocation("carl", "2026-03-01")
    assert main(["consent", "share", str(shared)]) == 0
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "reader"))
    monkeypatch.setenv("DUETTO_REVOKED", str(shared))
    with pytest.raises(CorpusError, match="and was with"):
        read_revocations()


def test_the_keeper_may_write_it_again(shared: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "keeper"))
    add_revocation("carl", "2026-03-01")
    assert main(["consent", "share", str(shared)]) == 0
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "reader"))
    assert read_revocations().day_of("carl") == "2026-03-01"


@pytest.mark.parametrize(
    "text", ["", "{}", '{"public_key": "AA==", "signature": 3}', '{"public_key": "!", "signature": "!"}']
)
def test_a_damaged_signature_is_refused(shared: Path, text: str):
    signature_path(shared).write_text(text)
    with pytest.raises(CorpusError, match="is no signature"):
        read_revocations()


def test_a_short_key_is_a_wrong_signature(shared: Path):
    signature_path(shared).write_text('{"public_key": "AAAA", "signature": "AAAA"}')
    with pytest.raises(CorpusError, match="somebody changed"):
        read_revocations()


def test_an_unsigned_list_acts_and_that_is_said(tmp_path: Path, monkeypatch, caplog):
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "home"))
    add_revocation("ann", "2026-01-01")
    own_list().rename(tmp_path / "revoked.json")
    monkeypatch.setenv("DUETTO_REVOKED", str(tmp_path / "revoked.json"))
    assert read_revocations().day_of("ann") == "2026-01-01"
    assert "is not signed" in caplog.text
    assert check_signature(tmp_path / "revoked.json") is None


def test_the_list_on_a_share_names_nobody(shared: Path):
    assert "ann" not in shared.read_text()
