"""What fails while a configuration is composed is said in a sentence of ours."""

import shutil

import pytest

from duetto.errors import ConfigError
from duetto.runs.compose import compose_runs
from duetto.settings.conf_files import conf_folder


@pytest.fixture
def conf(tmp_path):
    return shutil.copytree(conf_folder(), tmp_path / "conf")


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["trainer.max_minutes=long"], "trainer.max_minutes=long: expected a number."),
        (["trainer.max_steps=1e3"], "trainer.max_steps=1e3: expected a whole number."),
        (["preprocess.keep_intermediates=7x"], "preprocess.keep_intermediates=7x: expected true or false."),
        (["data.train_songs=3"], "data.train_songs=3: expected a list, such as [a,b]."),
        (["data.room=7"], "data.room=7: expected settings below it, such as KEY.part=value."),
        (["model.num_speakers=null"], "model.num_speakers=null: expected a whole number."),
        (["seed=1,2"], "seed=1,2: several values are several runs (sweep.py, or -m); a list has brackets: seed=[a,b]."),
        (["seed=x(1"], "seed=x(1: Hydra cannot read this value. If it is text, quote it twice: \"seed='x(1'\"."),
        (["data.seed=${nope}"], "data.seed: Interpolation key 'nope' not found."),
        (["model.optimizer={learning_rte:3}"], "Did you mean model.optimizer.learning_rate?"),
    ],
)
def test_a_value_of_the_command_line(overrides, sentence):
    with pytest.raises(ConfigError) as error:
        compose_runs(conf_folder(), [overrides])
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("trainer/mine", "choose: last", "conf/trainer/mine.yaml: trainer.choose is called trainer.select now."),
        (
            "trainer/mine",
            "max_minuts: 3",
            "conf/trainer/mine.yaml: trainer.max_minuts: there is no such setting. Did you",
        ),
        ("trainer/mine", "max_minutes: long", "conf/trainer/mine.yaml: trainer.max_minutes=long: expected a number."),
        ("trainer/mine", "max_minutes: [", "mine.yaml, line 2: not valid YAML"),
        ("trainer/mine", "defaults: [smoek]", "trainer=smoek is named in conf"),
        ("trainer/mine", "batch_size: 0", "trainer.batch_size=0: expected 1 or more."),
    ],
)
def test_a_file_of_the_users_own(conf, file, text, sentence):
    (conf / f"{file}.yaml").write_text(f"{text}\n")
    group, _, name = file.rpartition("/")
    with pytest.raises(ConfigError) as error:
        compose_runs(conf, [[f"{group}={name}"]])
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_of_several_runs_each_mistake_is_told_once_with_its_runs():
    runs = [["trainer.max_steps=1e3", "seed=0"], ["trainer.max_steps=1e3", "seed=1"], ["seed=2"], ["seed=x"]]
    with pytest.raises(ConfigError) as error:
        compose_runs(conf_folder(), runs)
    assert str(error.value).splitlines() == [
        "3 of 4 runs are not possible; none was started.",
        "  trainer.max_steps=1e3: expected a whole number. "
        "(in trainer.max_steps=1e3 seed=0; trainer.max_steps=1e3 seed=1)",
        "  seed=x: expected a whole number. (in seed=x)",
    ]
