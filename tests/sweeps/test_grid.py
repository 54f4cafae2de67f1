"""From a command line or a file to named runs."""

from pathlib import Path

import pytest

from duetto.errors import ConfigError
from duetto.runs.compose import compose_runs
from duetto.sweeps.command import arms_of, facts_of, parse, sweep_name
from duetto.sweeps.grid import Arm, grid_arms, read_sweep, sweep_names, with_extra

CONF = Path(__file__).resolve().parents[2] / "conf"


def test_every_combination_is_a_run_named_by_what_tells_it_apart():
    arms = grid_arms(["model=rvc,diffsvc data=case_a,case_b trainer=smoke"])
    assert [arm.name for arm in arms] == [
        "model=rvc data=case_a",
        "model=rvc data=case_b",
        "model=diffsvc data=case_a",
        "model=diffsvc data=case_b",
    ]
    assert arms[3].overrides == ("model=diffsvc", "data=case_b", "trainer=smoke")


def test_several_lines_are_put_together_and_further_settings_multiply_them():
    arms = grid_arms(["model=rvc data=case_a", "model=diffsvc data=case_b"], ["seed=0,1", "eval=quick"])
    assert [arm.name for arm in arms] == [
        "model=rvc data=case_a seed=0",
        "model=rvc data=case_a seed=1",
        "model=diffsvc data=case_b seed=0",
        "model=diffsvc data=case_b seed=1",
    ]


def test_a_list_is_one_value_and_a_quoted_comma_is_no_choice():
    (arm,) = grid_arms([""], ["data.train_songs=[fast_01,fast_02]", "data.singer='a,b'"])
    assert arm.overrides == ("data.train_songs=[fast_01,fast_02]", "data.singer='a,b'")


def test_named_arms_keep_their_names():
    arms = [Arm("oracle", ("data=case_a_oracle",)), Arm("narrow", ("data=case_a",))]
    assert with_extra(arms, ["eval=quick"])[0] == Arm("oracle", ("data=case_a_oracle", "eval=quick"))
    assert [arm.name for arm in with_extra(arms, ["seed=0,1"])] == [
        "oracle seed=0",
        "oracle seed=1",
        "narrow seed=0",
        "narrow seed=1",
    ]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["seed=0,1", "seed=1"], "twice"),
        (["seed="], None),
        (["hydra.run.dir=x"], "not Hydra's own"),
        (["model"], "KEY=VALUE"),
        (["data.singer='a"], "quotation"),
    ],
)
def test_what_is_no_sweep_is_one_sentence(lines, sentence):
    if sentence is None:
        assert grid_arms(lines)[0].overrides == ("seed=",)
        return
    with pytest.raises(ConfigError, match=sentence):
        grid_arms(lines)


@pytest.mark.parametrize(
    "text", ["[1, 2]", "about: x\nruns: []", "about: x\nruns: [1]", "about: [\n", "runs: [seed=0]"]
)
def test_a_file_of_another_form_is_refused(tmp_path, text):
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "bad.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"bad\.yaml"):
        read_sweep(tmp_path, "bad")


@pytest.mark.parametrize("name", sweep_names(CONF))
def test_the_first_and_the_last_run_of_every_sweep_are_valid(name):
    arms = grid_arms(read_sweep(CONF, name).runs)
    assert len(compose_runs(CONF, [arms[0].overrides, arms[-1].overrides])) == 2


def test_smoke_is_two_models_on_two_cases():
    assert len(grid_arms(read_sweep(CONF, "smoke").runs)) == 4


def test_a_bad_setting_is_named_and_a_bad_value_names_its_runs():
    with pytest.raises(ConfigError, match=r"Did you mean trainer\.max_minutes=3"):
        compose_runs(CONF, [("seed=0", "trainer.max_minuts=3")])
    with pytest.raises(ConfigError, match=r"expected 0 to 1\. \(in seed=1 eval\.retrieval\.index_rate=3\)"):
        compose_runs(CONF, [("seed=0",), ("seed=1", "eval.retrieval.index_rate=3")])


def test_the_sweeps_own_words_are_told_from_settings():
    request = parse(["-m", "sweep=smoke", "workers=3", "seed=0,1", "plan_only=true"])
    assert (request.sweep, request.workers, request.plan_only, request.settings) == ("smoke", 3, True, ("seed=0,1",))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Which runs"),
        (["workers=2"], "Which runs"),
        (["sweep=a", "study=b"], "not both"),
        (["sweep=a", "workers=two"], "expected a number"),
        (["sweep=a", "plan_only=perhaps"], "true or false"),
        (["--fast"], "no such option"),
    ],
)
def test_a_mistaken_command_is_one_sentence(arguments, sentence):
    with pytest.raises(ConfigError, match=sentence):
        parse(arguments)


def test_another_grid_has_another_folder_and_another_place_or_number_of_threads_has_not():
    plain = sweep_name(parse(["sweep=smoke", "logs=elsewhere", "trainer.num_threads=1"]))
    assert plain == "smoke"
    assert sweep_name(parse(["sweep=smoke", "seed=0,1"])) != sweep_name(parse(["sweep=smoke", "seed=0,2"]))
    assert sweep_name(parse(["seed=0,1", "model=rvc"])) == sweep_name(parse(["model=rvc", "seed=0,1"]))


def test_a_study_is_its_arms_and_the_plan_says_which_file_it_was():
    request = parse(["study=register_quick", "eval=quick"])
    arms = arms_of(request, CONF)
    assert len({arm.name for arm in arms}) == len(arms) > 3
    assert all(arm.overrides[-1] == "eval=quick" for arm in arms)
    facts = facts_of(request, CONF)
    assert facts["study"] == "register_quick"
    assert len(facts["study_hash"]) == 64
    assert len(compose_runs(CONF, [arms[0].overrides])) == 1
    with pytest.raises(ConfigError, match="no such study"):
        arms_of(parse(["study=nothing"]), CONF)
