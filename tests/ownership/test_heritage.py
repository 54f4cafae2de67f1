from pathlib import Path

import pytest

from duetto.errors import CorpusError
from duetto.ownership.consent import consent_from_dict, embedded_consent
from duetto.ownership.gate import is_allowed, require_allowed
from duetto.ownership.heritage import DEEPEST, Parent, described, heritage_of, meet, parents_from
from tests.ownership.records import NOBODY, person

ANN = consent_from_dict(person(scopes=["train", "infer", "publish_weights"], purposes=["research"]))
BOB = consent_from_dict(person(subject="bob", scopes=["infer", "publish_weights"], expires="2030-01-01"))
HERE = Path("card.json")


def parent(role: str, consent, *parents: Parent) -> Parent:
    return Parent(role, role, role, consent, parents)


def test_the_scopes_are_the_intersection_over_everyone():
    joined = meet([parent("corpus", ANN), parent("base", embedded_consent(), parent("corpus", BOB))])
    assert (joined.scopes, joined.expires) == (("infer", "publish_weights"), "2030-01-01")
    assert {member.subject for member in joined.members} == {"ann-01", "bob"}


def test_a_synthetic_voice_beside_a_person_takes_nothing_away():
    assert meet([parent("corpus", embedded_consent()), parent("base", ANN)]) == ANN


def test_nobodys_only_if_everything_is():
    made = described([parent("corpus", embedded_consent()), parent("base", embedded_consent())])
    assert made["consent"]["subject"] == "none"
    assert heritage_of(made, "card").is_nobodys
    for other in (parent("base", ANN), parent("base", None)):
        assert not heritage_of(described([parent("corpus", embedded_consent()), other]), "card").is_nobodys


def test_heritage_survives_writing_and_reading():
    parents = (parent("corpus", ANN), parent("base", None), parent("vocoder", BOB, parent("corpus", BOB)))
    assert parents_from([each.as_dict() for each in parents], "card") == parents


def test_a_persons_record_deep_in_the_heritage_counts_although_the_top_says_none():
    record = {"consent": NOBODY, "made_from": [parent("base", embedded_consent(), parent("corpus", BOB)).as_dict()]}
    with pytest.raises(CorpusError, match="bob allows"):
        require_allowed(record, "train", HERE)


def test_unknown_owners_convert_and_train_and_nothing_else():
    record = described([parent("corpus", embedded_consent()), parent("base", None)])
    assert [is_allowed(record, scope, HERE) for scope in ("train", "infer")] == [True, True]
    assert [is_allowed(record, scope, HERE) for scope in ("publish_weights", "cloud_logging")] == [False, False]
    with pytest.raises(CorpusError, match=r"Nobody knows whose voices are in base base .*consent new FILE"):
        require_allowed(record, "publish_audio", HERE)


@pytest.mark.parametrize("value", ["text", [1], [{"made_from": 3}], [{"consent": {"subject": "ann"}}]])
def test_a_damaged_heritage_is_one_sentence(value):
    with pytest.raises(CorpusError):
        parents_from(value, "card.json")


def test_a_heritage_without_an_end_is_refused():
    value: list = []
    for _ in range(DEEPEST + 2):
        value = [{"role": "base", "made_from": value}]
    with pytest.raises(CorpusError, match="damaged"):
        parents_from(value, "card.json")
