"""Which process of a training this one is, from what torchrun and srun say."""

import pytest

from duetto.errors import ConfigError
from duetto.settings.config import TrainerConfig
from duetto.training.meeting import PORTS, slurm_address
from duetto.training.place import Place, find_place

TORCHRUN = {
    "RANK": "3",
    "WORLD_SIZE": "4",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "first",
    "MASTER_PORT": "29500",
}
SRUN = {"SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_NUM_NODES": "2", "SLURM_PROCID": "2", "SLURM_LOCALID": "0"}
BATCH_SCRIPT = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "2", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"}


def trainer(devices: int = 1, nodes: int = 1) -> TrainerConfig:
    return TrainerConfig(devices=devices, nodes=nodes)


def test_a_command_that_is_started_once_is_the_first_process():
    assert find_place(trainer(), {}) == Place()
    assert find_place(trainer(2), {}) == Place(0, 2, 0, 2, "duetto")


def test_torchrun_and_srun_say_which_process_this_is():
    assert find_place(trainer(2, nodes=2), TORCHRUN) == Place(3, 4, 1, 2, "torchrun")
    assert find_place(trainer(2, nodes=2), SRUN) == Place(2, 4, 0, 2, "srun")


def test_a_batch_script_itself_or_a_step_of_one_task_is_no_several_processes():
    assert find_place(trainer(), BATCH_SCRIPT) == Place()
    assert find_place(trainer(2), {**BATCH_SCRIPT, "SLURM_STEP_NUM_TASKS": "1"}) == Place(0, 2, 0, 2)


def test_another_number_of_processes_than_asked_for_is_said_once():
    with pytest.raises(ConfigError, match=r"srun started 2 processes.*Write trainer.devices=2"):
        find_place(trainer(), {"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"})
    with pytest.raises(SystemExit, match="2"):
        find_place(trainer(), {"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1", "SLURM_LOCALID": "1"})


def test_several_machines_need_somebody_to_start_the_processes_there():
    with pytest.raises(ConfigError, match="torchrun or Slurm's srun"):
        find_place(trainer(2, nodes=2), {})


def test_the_batch_has_to_be_a_multiple_of_the_processes():
    with pytest.raises(ConfigError, match=r"batch_size=4.*of which there are 3: use a multiple of 3"):
        TrainerConfig(batch_size=4, devices=3).validate()
    TrainerConfig(batch_size=4, devices=2, nodes=2).validate()


def test_tasks_of_a_step_meet_at_its_first_machine_at_a_port_of_their_own():
    job = {"SLURM_STEP_NODELIST": "node[07-09]", "SLURM_JOB_ID": "123", "SLURM_STEP_ID": "0"}
    host, port = slurm_address(job)
    assert host == "node07"
    assert PORTS[0] <= port < PORTS[1]
    assert slurm_address({**job, "SLURM_STEP_ID": "1"})[1] != port
    assert slurm_address({**job, "MASTER_ADDR": "head", "MASTER_PORT": "4000"}) == ("head", 4000)
