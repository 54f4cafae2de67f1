"""Recordings, consent, label tracks, steps and weights are checked before a plan is made."""

import sys

import pytest

from duetto.errors import ConfigError, CorpusError, DuettoError
from duetto.runs.compose import compose_runs
from duetto.runs.mistakes import each_checked
from duetto.runs.train import check_inputs, train
from duetto.settings.conf_files import conf_folder


def configured(*overrides):
    return compose_runs(conf_folder(), [overrides])[0]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["data=folder", "data.path=absent"], "data.path=absent: there is no such folder"),
        (["data=mix", "data.path=absent"], "data.path=absent: there is no such folder"),
        (["data=ddb", "data.path=absent.ddb"], "there is no such file"),
        (["data=folder_vsqx", "data.path=absent"], "there is no such folder"),
        (["base=absent"], "base: there is no absent"),
        (["model=diffsvc", "model.vocoder=absent"], "model.vocoder=absent: there is no vocoder there"),
        (["features=contentvec_768"], "needs features.content.path=FILE"),
        (["features=contentvec_768", "features.content.path=absent.pt"], "features.content.path=absent.pt is no file"),
        (
            ["preprocess=labels", "preprocess.steps.labels.path=absent"],
            "preprocess.steps.labels.path=absent: there is no",
        ),
        (["preprocess.steps.slice.min_s=-1"], "preprocess.steps.slice"),
        (["model=linear", "trainer.devices=2"], "trainer.devices=2: model=linear is solved in one pass"),
    ],
)
def test_what_is_missing_is_told_before_the_plan(overrides, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = configured(*overrides)
    monkeypatch.setattr(sys.modules["duetto.runs.train"], "announce", lambda *_: pytest.fail("it has planned already"))
    with pytest.raises(DuettoError) as error:
        train(config, None)
    assert sentence in str(error.value)
    assert not list(tmp_path.iterdir())


def test_recordings_without_consent_are_told_before_the_plan(tmp_path):
    (tmp_path / "it's (mine).wav").write_bytes(b"RIFF")
    with pytest.raises(CorpusError, match=r"consent\.yaml"):
        check_inputs(configured("data=folder", f"data.path={tmp_path}"))


def test_what_is_there_passes():
    check_inputs(configured())
    check_inputs(configured("model=diffsvc"))


def test_of_several_runs_each_mistake_is_told_with_its_runs():
    def check(number):
        if number % 2:
            raise CorpusError("odd.")
        return 2 * number

    assert each_checked([0, 2], ["a", "b"], check) == [0, 4]
    with pytest.raises(CorpusError, match=r"^odd\.$"):
        each_checked([1], ["a"], check)
    with pytest.raises(ConfigError) as error:
        each_checked([1, 2, 3, 5, 7], list("abcde"), check)
    assert str(error.value).splitlines() == [
        "4 of 5 runs are not possible; none was started.",
        "  odd. (in a; c; d and 1 more)",
    ]
