"""Study files: the committed ones are valid, a wrong one is refused in one sentence, a changed one is noticed."""

from pathlib import Path

import pytest
import yaml

from duetto.errors import ConfigError
from duetto.runs.compose import prepare
from duetto.runs.typed import typed
from duetto.settings.run_config import TrainConfig
from duetto.studies.expand import ANY, expand
from duetto.studies.load import load_study, registered, study_names
from duetto.studies.schema import Study

CONF = Path(__file__).parents[2] / "conf"
SMALL = {
    "question": "Does it?",
    "settings": ["trainer.max_minutes=0"],
    "models": {"rvc": ["trainer.max_steps=10"], "diffsvc": []},
    "seeds": [0, 1],
    "songs": ["air_13", "air_14"],
    "family_size": 8,
    "arms": {
        "narrow": {"settings": ["data=case_a"]},
        "oracle": {"role": "oracle", "settings": ["data=case_a_oracle"]},
        "null": {"role": "null", "settings": ["data=case_a_oracle"], "seed_offset": 1000},
    },
    "hypotheses": {
        "register": {
            "claim": "It does.",
            "metric": "mcd_output",
            "arms": {"narrow": 1, "oracle": -1},
            "conditions": {"up6": 1, "native": -1},
            "smallest_effect": 1.0,
        }
    },
}


def write(folder: Path, changes: dict | None = None, name: str = "small") -> Path:
    (folder / "study").mkdir(exist_ok=True)
    (folder / "study" / f"{name}.yaml").write_text(yaml.safe_dump({**SMALL, **(changes or {})}, sort_keys=False))
    return folder


def changed(**changes: object) -> dict:
    return {"hypotheses": {"register": {**SMALL["hypotheses"]["register"], **changes}}}


@pytest.mark.parametrize("name", study_names(CONF))
def test_every_committed_study_is_valid_registered_and_controlled(name: str):
    study = load_study(CONF, name)
    assert study.is_registered, f"{name}: changed since it was registered; python -m duetto study {name} --register"
    if study.design is None:
        assert {"null", "positive_control"} <= {arm.role for arm in study.arms.values()}
        assert {"primary", "null", "positive_control"} <= {each.role for each in study.hypotheses.values()}
    assert len({arm.name for arm in expand(study)}) == len(expand(study))


def test_the_four_findings_and_the_three_other_questions_have_a_study_and_a_quick_one():
    names = ("register", "tempo_leakage", "cleaning_dose", "continuity", "architectures", "bottleneck", "baseline")
    assert set(study_names(CONF)) == {*names, *(f"{name}_quick" for name in names)}


def compose_arms(study: Study, names: set[str]) -> list[TrainConfig]:
    """The settings of some arms for the first model and seed."""
    from hydra import compose, initialize_config_dir

    prepare()
    arms = [arm for arm in expand(study)[: len(study.arms) + 16] if arm.arm in names and arm.seed == study.seeds[0]]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return [typed(compose("train", list(arm.overrides)), TrainConfig) for arm in arms]


def test_the_null_arm_of_a_study_is_settings_of_train_py():
    (config,) = compose_arms(load_study(CONF, "register_quick"), {"null"})[:1]
    assert config.data.register.train_high_midi == 62
    assert config.seed == 1000


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in study_names(CONF) if name.endswith("_quick")])
def test_the_arms_of_every_study_are_settings_of_train_py(name: str):
    study = load_study(CONF, name)
    arms = study.arms or {"run_01": None, "run_16": None}
    for config in compose_arms(study, set(arms)):
        assert set(study.songs) == set(config.data.test_songs)


def test_arms_are_crossed_with_models_and_seeds_and_the_null_arm_has_other_seeds(tmp_path: Path):
    arms = expand(load_study(write(tmp_path), "small"))
    assert len(arms) == 3 * 2 * 2
    assert arms[0].name == "narrow.rvc.seed0"
    assert arms[0].overrides == (
        "trainer.max_minutes=0",
        "model=rvc",
        "trainer.max_steps=10",
        "data=case_a",
        "seed=0",
    )
    (null,) = [arm for arm in arms if arm.name == "null.diffsvc.seed1"]
    assert (null.overrides[-1], null.seed) == ("seed=1001", 1)


def test_where_arms_name_their_model_none_is_added(tmp_path: Path):
    arms = expand(load_study(write(tmp_path, {"models": {ANY: []}}), "small"))
    assert not any(override.startswith("model=") for override in arms[0].overrides)


def test_a_design_makes_an_arm_of_each_run(tmp_path: Path):
    factor = {"group": "data", "low": ["a=0"], "high": ["a=1"]}
    design = {"num_runs": 4, "metric": "mcd_output", "factors": {"one": factor, "two": {**factor, "low": ["b=0"]}}}
    study = load_study(write(tmp_path, {"design": design, "arms": {}, "hypotheses": {}}), "small")
    arms = [arm for arm in expand(study) if arm.seed == 0 and arm.model == "rvc"]
    assert [arm.arm for arm in arms] == ["run_01", "run_02", "run_03", "run_04"]
    assert sum("a=0" in arm.overrides for arm in arms) == 2
    assert sum({"a=0", "b=0"} <= set(arm.overrides) for arm in arms) == 1


def test_an_extension_replaces_merges_and_takes_away(tmp_path: Path):
    write(tmp_path)
    quick = {"extends": "small", "seeds": [7, 8], "arms": {"null": None}, "models": {"rvc": ["x=1"]}}
    (tmp_path / "study" / "quick.yaml").write_text(yaml.safe_dump(quick))
    study = load_study(tmp_path, "quick")
    assert (study.seeds, list(study.arms)) == ((7, 8), ["narrow", "oracle"])
    assert study.models == {"rvc": ("x=1",), "diffsvc": ()}
    assert study.songs == ("air_13", "air_14")


def test_a_changed_file_or_base_has_another_hash(tmp_path: Path):
    write(tmp_path)
    (tmp_path / "study" / "quick.yaml").write_text(yaml.safe_dump({"extends": "small", "seeds": [7, 8]}))
    before = {name: load_study(tmp_path, name).file_hash for name in ("small", "quick")}
    (tmp_path / "study" / "registered.yaml").write_text(yaml.safe_dump(before))
    assert load_study(tmp_path, "quick").is_registered
    write(tmp_path, changed(smallest_effect=0.5))
    for name, digest in before.items():
        study = load_study(tmp_path, name)
        assert study.file_hash != digest
        assert not study.is_registered
    assert registered(tmp_path) == before


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seeds": [0]}, "seeds"),
        ({"songs": ["a", "a"]}, "songs"),
        ({"family_size": 1}, "family_size"),
        ({"colour": "blue"}, "unknown key 'colour'"),
        ({"arms": {"narrow": {"setings": []}}}, "setings"),
        ({"arms": {"narrow": {"settings": [], "role": "best"}}}, "role 'best'"),
        ({"seeds": ["zero", "one"]}, "docs/studies.md"),
        (changed(metric="mcd"), "no metric 'mcd'"),
        (changed(direction="up"), "direction 'up'"),
        (changed(arms={"narrow": 1}, conditions={"up6": 1}), "a contrast needs 0"),
        (changed(arms={"narow": 1, "oracle": -1}), "narow"),
        (changed(smallest_effect=-1.0), "smallest_effect"),
        (changed(arms={}, slope={"narrow": 1, "oracle": 1}), "different doses"),
        (changed(songs=["air_99"]), "air_99"),
    ],
)
def test_a_wrong_study_is_refused_with_what_is_wrong(tmp_path: Path, changes: dict, sentence: str):
    with pytest.raises(ConfigError, match=sentence):
        load_study(write(tmp_path, changes), "small")


def test_a_study_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path):
    with pytest.raises(ConfigError, match="Choose from small"):
        load_study(write(tmp_path), "big")


def test_the_sweep_runs_the_arms_of_a_study_with_what_the_command_line_adds(tmp_path: Path):
    from duetto.sweeps.command import Request, arms_of

    arms = arms_of(Request(study="small", settings=("logger=none",)), write(tmp_path))
    assert len(arms) == 12
    assert (arms[0].name, arms[0].overrides[-2:]) == ("narrow.rvc.seed0", ("seed=0", "logger=none"))
