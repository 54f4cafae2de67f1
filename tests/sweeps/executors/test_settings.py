"""Settings of executors, as typed for sweep.py."""

from pathlib import Path

import pytest

from duetto.errors import ConfigError
from duetto.settings.executor_config import LocalConfig, RayConfig, SlurmConfig, minutes_of
from duetto.sweeps.command import parse
from duetto.sweeps.executors.check import check_executor
from duetto.sweeps.executors.settings import SCHEMAS, read_executor

CONF = Path(__file__).resolve().parents[3] / "conf"


def test_every_executor_has_a_file_and_the_default_is_this_machine():
    assert {path.stem for path in (CONF / "executor").glob("*.yaml")} == set(SCHEMAS)
    assert read_executor(CONF, []) == LocalConfig()
    assert isinstance(read_executor(CONF, ["executor=ray"]), RayConfig)


def test_what_is_typed_stands_above_the_file():
    given = ["executor.partition=gpu", "executor=slurm", "executor.time=1-02:00:00", "executor.options.nice=100"]
    config = read_executor(
        CONF, [*given, "executor.setup=['module load cuda','ulimit -n 4096']", "executor.account=12"]
    )
    assert isinstance(config, SlurmConfig)
    assert (config.partition, config.minutes, config.account, config.cpus) == ("gpu", 1560, "12", 4)
    assert config.options == {"nice": 100}
    assert config.setup == ["module load cuda", "ulimit -n 4096"]


def test_an_environment_of_ray_is_a_dictionary():
    config = read_executor(
        CONF, ["executor=ray", "executor.runtime_env={pip:[soxr],env_vars:{A:'1'}}", "executor.gpus=0.5"]
    )
    assert isinstance(config, RayConfig)
    assert config.runtime_env == {"pip": ["soxr"], "env_vars": {"A": "1"}}
    assert config.gpus == 0.5


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("executor=kubernetes", "executor=kubernetes: there is no such executor. Choose from local, slurm, ray."),
        ("executor.cpus=2", "executor.cpus: executor=local has no such setting."),
        ("executor=slurm executor.partion=x", "Did you mean executor.partition=x"),
        ("executor=slurm executor.cpus=two", "executor.cpus=two: expected a whole number."),
        ("executor=slurm executor.cpus=0", "executor.cpus=0: expected 1 to 4096."),
        ("executor=slurm executor.gpus=0.5", "executor.gpus=0.5: expected a whole number."),
        ("executor=slurm executor.memory=-1", "executor.memory=-1: expected 0"),
        ("executor=slurm executor.time=soon", "executor.time=soon: expected minutes,"),
        ("executor=slurm executor.time=0", "executor.time=0: Slurm needs a time limit"),
        ("executor=slurm executor.engine=pbs", "executor.engine=pbs: expected slurm or local."),
        ("executor=slurm executor.requeue=often", "executor.requeue=often: expected true or false."),
        ("executor=slurm executor.options=3", "executor.options=3: expected settings below it."),
        ("executor=slurm executor.partition.x=1", "executor.partition.x: executor=slurm has no such setting."),
        ("executor=ray executor.gpus=1.5", "executor.gpus=1.5: expected a part of one GPU"),
        ("executor=ray executor.folders=here", "executor.folders=here: expected auto, shared or fetched."),
    ],
)
def test_a_mistake_is_one_sentence(given, sentence):
    with pytest.raises(ConfigError) as error:
        read_executor(CONF, given.split())
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("60", 60), ("1:30", 2), ("2:00:00", 120), ("1-0", 1440), ("1-02:30", 1590), ("1-02:30:01", 1591), ("0", 0)],
)
def test_times_in_slurms_forms_are_minutes(text, minutes):
    assert minutes_of(text) == minutes


def test_executors_are_told_from_settings_of_runs():
    request = parse(["sweep=smoke", "executor=slurm", "executor.time=60", "seed=0,1", "--watch"])
    assert request.executor == ("executor=slurm", "executor.time=60")
    assert (request.settings, request.mode) == (("seed=0,1",), "watch")
    assert parse(["sweep=smoke", "leave=true"]).mode == "leave"
    with pytest.raises(ConfigError, match="not both"):
        parse(["sweep=smoke", "leave=true", "watch=true"])


def test_the_way_back_is_the_same_command_with_watch():
    request = parse(["study=register_quick", "executor=slurm", "leave=true", "data.root=my data"])
    assert request.again == "study=register_quick executor=slurm 'data.root=my data' --watch"


@pytest.mark.parametrize("name", ["local", "ray"])
def test_only_slurm_can_be_left(name):
    with pytest.raises(ConfigError, match="leave=true is for executor=slurm"):
        check_executor(read_executor(CONF, [f"executor={name}"]), "leave")


def test_what_is_missing_is_told_before_anything_is_done(monkeypatch):
    slurm, ray = (read_executor(CONF, [f"executor={name}"]) for name in ("slurm", "ray"))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigError, match="there is no sbatch on this machine"):
        check_executor(slurm, "work")
    monkeypatch.setattr("duetto.sweeps.executors.check.find_spec", lambda package: None)
    for config, extra in ((slurm, "slurm"), (ray, "ray")):
        with pytest.raises(ConfigError, match=rf"pip install '\.\[{extra}\]'"):
            check_executor(config, "work")
