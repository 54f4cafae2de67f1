"""Keys and options that do not exist are answered with those that were meant."""

import pytest

from duetto.architectures.registry import architectures
from duetto.errors import ConfigError
from duetto.runs.command_line.check import check_overrides
from duetto.runs.command_line.groups import group_options
from duetto.runs.command_line.known import known_settings
from duetto.runs.command_line.nearest import did_you_mean, nearest
from duetto.runs.command_line.understand import understand
from duetto.settings.conf_files import conf_folder
from duetto.settings.run_config import InferConfig, TrainConfig


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("modle=rvc", "Did you mean model=rvc?"),
        ("max_minutes=3", "Did you mean trainer.max_minutes=3?"),
        ("chunk_s=3", "Did you mean eval.chunk_s=3?"),
        ("data.pth=x", "Did you mean data.path=x?"),
        ("data.room.rt60=1", "Did you mean data.room.rt60_s=1?"),
        ("+trainer.max_minuts=3", "Did you mean trainer.max_minutes=3?"),
        ("++modle=rvc", "Did you mean model=rvc?"),
        ("~trainr.max_minutes", "Did you mean trainer.max_minutes?"),
        ("experiment=case_cc", "Did you mean case_c?"),
        ("trainer=smok", "Did you mean smoke? Options: auto, smoke."),
        ("model/size=v2_40", "Did you mean v2_40k"),
        ("data=null", "data=null: there is no such option"),
        ("experiment=[case_c,cas_d]", "experiment=cas_d"),
        ("smoke", "Did you mean trainer=smoke?"),
        ("xyz", "expected KEY=VALUE, such as seed=1"),
        ("neighbours=2", "Did you mean eval.retrieval.neighbours=2?"),
        ("zzzz=1", "zzzz: there is no such setting. python train.py --help"),
        ("sweep=smoke", "sweep belongs to sweep.py: python sweep.py sweep=smoke."),
        ("checkpoint=x.pth", "checkpoint is a setting of infer.py, not of train.py"),
    ],
)
def test_what_does_not_exist_is_answered(override, sentence):
    with pytest.raises(ConfigError) as error:
        check_overrides([override], TrainConfig, conf_folder())
    assert sentence in str(error.value)


@pytest.mark.parametrize("override", ["data=null", "model=null,rvc", "logger="])
def test_a_group_of_nothing_is_refused_also_where_files_of_ones_own_add_options(override):
    with pytest.raises(ConfigError, match="there is no such option"):
        check_overrides([override], TrainConfig)
    assert check_overrides(["data=my_own", "experiment=null"], TrainConfig) == ["data=my_own", "experiment=null"]


def test_a_setting_of_training_is_none_of_infer():
    with pytest.raises(ConfigError, match=r"trainer\.max_minutes is a setting of train\.py, not of infer\.py"):
        check_overrides(["trainer.max_minutes=1"], InferConfig, conf_folder())


def test_a_file_without_a_key_is_a_source_or_recordings(tmp_path):
    file = tmp_path / "song.wav"
    file.touch()
    with pytest.raises(ConfigError, match="Did you mean source="):
        check_overrides([str(file)], InferConfig, conf_folder())
    with pytest.raises(ConfigError, match=r"Did you mean data=folder data\.path="):
        check_overrides([str(tmp_path)], TrainConfig, conf_folder())


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("seed=1", "seed=1"),
        ("+seed=1", "seed=1"),
        ("++trainer.max_steps=3", "trainer.max_steps=3"),
        ("+experiment=case_a", "experiment=case_a"),
        ("experiment=null", "experiment=null"),
        ("data=case_a,case_b", "data=case_a,case_b"),
        ("data=glob(*)", "data=glob(*)"),
        ("preprocess.steps.slice.threshold_db=-40", "++preprocess.steps.slice.threshold_db=-40"),
        ("~preprocess.steps.dereverb", "~preprocess.steps.dereverb"),
        ("data.train_songs.0=x", "data.train_songs.0=x"),
        ("data.room={rt60_s:1}", "data.room={rt60_s:1}"),
        ("hydra.verbose=true", "hydra.verbose=true"),
        ("hydra/launcher=basic", "hydra/launcher=basic"),
    ],
)
def test_what_exists_is_taken_with_or_without_a_plus(typed, read):
    assert check_overrides([typed], TrainConfig, conf_folder()) == [read]


@pytest.mark.parametrize(
    ("typed", "option"),
    [("[wandb,tensorboard]", "both"), ("[tensorboard, wandb]", "both"), ("[wandb]", "wandb"), ("both", "both")],
)
def test_several_loggers_are_one_option(typed, option):
    assert understand([f"logger={typed}"], TrainConfig, conf_folder()) == [f"logger={option}"]
    assert understand([f"logger={option}"], TrainConfig, conf_folder()) == [f"logger={option}"]


def test_every_key_of_every_schema_is_known():
    settings = known_settings(TrainConfig)
    assert {"model.vocoder", "model.loss.mel", "model.equaliser_db", "data.room.rt60_s", "logger.mode"} <= set(settings)
    assert len(architectures()) >= 3
    assert all(check_overrides([f"{key}=1"], TrainConfig) for key in settings)


def test_groups_are_the_folders_of_conf():
    options = group_options(conf_folder())
    assert options["trainer"] == ["auto", "smoke"]
    assert "compact" in options["model/size"]


def test_nearest_prefers_the_whole_name_and_takes_the_same_tail():
    assert nearest("modle", ["model", "logger.mode", "seed"]) == ["model"]
    assert nearest("rate", ["a.rate", "b.rate", "c"]) == ["a.rate", "b.rate"]
    assert nearest("zzz", ["model"]) == []
    assert did_you_mean("rate", ["a.rate", "b.rate"], "=1") == " Did you mean a.rate=1 or b.rate=1?"
    assert did_you_mean("x", []) == ""
