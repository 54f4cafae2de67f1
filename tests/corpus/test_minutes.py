import pytest

from duetto.corpus.manifest import Clip, Dropped, Ledger, Manifest
from duetto.corpus.minutes import keep_minutes
from duetto.errors import ConfigError, CorpusError
from duetto.settings.config import DataConfig

RATE = 1000


def clip(name, seconds, role="target", split="train"):
    return Clip(name, f"audio/{name}.wav", name, role, split, name, "miku", RATE, round(seconds * RATE))


def corpus(*clips):
    used = sum(c.duration_s for c in clips if c.role == "target")
    return Manifest("case_b", clips, {"steps": []}, {}, Ledger(used + 2.0, used, (Dropped("a", 2.0, "silence"),)))


WHOLE = corpus(
    clip("b", 6.0), clip("a", 6.0), clip("c", 8.0), clip("v", 30.0, split="val"), clip("s", 30.0, "source", "test")
)


def test_all_is_kept_by_default():
    assert keep_minutes(WHOLE, 0.0) is WHOLE
    assert DataConfig("case_b").minutes == 0.0


def test_the_first_clips_that_fit_are_kept_and_other_splits_stay():
    cut = keep_minutes(WHOLE, 0.25)
    assert [c.id for c in cut.select("target", "train")] == ["a", "b"]
    assert {c.id for c in cut.clips} == {"a", "b", "v", "s"}


def test_what_fits_exactly_is_kept():
    assert len(keep_minutes(WHOLE, 20.0 / 60.0).select("target", "train")) == 3


def test_nothing_after_the_first_clip_too_long_sneaks_in():
    cut = keep_minutes(corpus(clip("a", 4.0), clip("b", 8.0), clip("c", 1.0)), 6.0 / 60.0)
    assert [c.id for c in cut.select("target", "train")] == ["a"]


def test_every_second_left_out_is_in_the_ledger():
    ledger = keep_minutes(WHOLE, 0.25).ledger
    assert ledger.seconds_in == pytest.approx(ledger.seconds_used + ledger.seconds_dropped)
    assert Dropped("c", 8.0, "over data.minutes") in ledger.dropped
    assert Dropped("a", 2.0, "silence") in ledger.dropped


def test_less_data_is_another_corpus():
    assert keep_minutes(WHOLE, 0.25).content_hash() != WHOLE.content_hash()


def test_too_little_for_one_clip_is_refused_with_what_would_do():
    with pytest.raises(CorpusError, match=r"data\.minutes=0\.05.*6\.0 s.*at least 0\.100"):
        keep_minutes(WHOLE, 0.05)


def test_negative_minutes_are_refused():
    with pytest.raises(ConfigError, match=r"data\.minutes=-1"):
        DataConfig("case_b", minutes=-1).validate()
