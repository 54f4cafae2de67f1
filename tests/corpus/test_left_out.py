import pytest

from duetto.corpus.left_out import leave_out
from duetto.corpus.manifest import Clip, Dropped, Ledger, Manifest
from duetto.errors import CorpusError

RATE = 1000


def clip(name, singer, role="target", split="train"):
    return Clip(name, f"audio/{name}.wav", name, role, split, name, singer, RATE, 6 * RATE)


WHOLE = Manifest(
    "ensemble",
    (clip("a", "ann"), clip("b", "ben"), clip("v", "ben", split="val"), clip("s", "ben", "source", "test")),
    {"steps": []},
    {},
    Ledger(20.0, 18.0, (Dropped("a", 2.0, "silence"),)),
)


def test_nobody_is_left_out_by_default():
    assert leave_out(WHOLE, []) is WHOLE


def test_every_clip_of_a_singer_goes_and_is_accounted_for():
    rest = leave_out(WHOLE, ["ben"])
    assert [each.id for each in rest.clips] == ["a"]
    assert rest.ledger.seconds_in == pytest.approx(rest.ledger.seconds_used + rest.ledger.seconds_dropped)
    assert {each.clip_id for each in rest.ledger.dropped if each.reason == "in data.without"} == {"b", "v"}
    assert rest.content_hash() != WHOLE.content_hash()


def test_a_singer_who_does_not_exist_is_refused_with_those_who_do():
    with pytest.raises(CorpusError, match=r"no zoe in this corpus\. It has ann, ben"):
        leave_out(WHOLE, ["zoe"])


def test_somebody_has_to_be_left_to_train_on():
    with pytest.raises(CorpusError, match="leaves nobody"):
        leave_out(WHOLE, ["ann", "ben"])
