import pytest
import torch

from duetto.errors import ConfigError
from duetto.settings.config import TrainerConfig
from duetto.training.hardware import Hardware, card_of, detect_hardware, measure_gflops, precision_for_capability
from duetto.training.place import Place
from duetto.workers import num_cores


@pytest.mark.parametrize(
    ("capability", "precision"),
    [
        ((6, 0), "32-true"),  # P100
        ((6, 1), "32-true"),  # GTX 1080
        ((7, 0), "16-mixed"),  # V100
        ((7, 5), "16-mixed"),  # T4
        ((8, 0), "bf16-mixed"),  # A100
        ((8, 9), "bf16-mixed"),  # L4
        ((9, 0), "bf16-mixed"),  # H100
    ],
)
def test_precision_follows_the_card(capability, precision):
    assert precision_for_capability(*capability) == precision


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_cpu_computes_in_float32_and_says_so():
    hardware = detect_hardware(TrainerConfig())
    assert (hardware.accelerator, hardware.precision) == ("cpu", "32-true")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_asking_for_a_missing_card_is_an_error():
    with pytest.raises(ConfigError, match="no usable CUDA device"):
        detect_hardware(TrainerConfig(accelerator="cuda"))


def test_fp16_on_a_cpu_is_refused():
    with pytest.raises(ConfigError, match="needs a CUDA device"):
        detect_hardware(TrainerConfig(accelerator="cpu", precision="16"))


def test_the_speed_benchmark_gives_a_plausible_number():
    assert 0.1 < measure_gflops(1) < 1e5


def test_each_process_takes_a_card_of_its_own():
    second = Place(1, 2, 1, 2)
    assert card_of(second, 4) == 1
    assert card_of(Place(5, 8, 1, 4, "torchrun"), 4) == 1
    assert card_of(Place(1, 2, 1, 2, "srun"), 1) == 0  # srun shows each task its own
    with pytest.raises(ConfigError, match=r"trainer.devices=2: torch finds 1 card here"):
        card_of(second, 1)


def test_processes_on_cpus_divide_the_cores_but_srun_has_divided_them_already(monkeypatch):
    monkeypatch.delenv("SLURM_CPUS_PER_TASK", raising=False)
    config = TrainerConfig(accelerator="cpu", devices=2)
    assert detect_hardware(config, Place(0, 2, 0, 2)).num_threads == max(1, num_cores() // 2)
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    assert detect_hardware(config, Place(0, 2, 0, 2, "srun")).num_threads == 1


def test_a_record_names_the_processes_and_how_they_speak():
    two = Hardware("cpu", "CPU, 1 threads", "32-true", 1, num_processes=2)
    assert (two.description, two.backend) == ("CPU, 1 threads, 2 processes", "gloo")
    assert Hardware("cuda", "H100", "bf16-mixed", 8, num_processes=4).backend == "nccl"
    alone = Hardware("cpu", "CPU, 2 threads", "32-true", 2)
    assert (alone.description, alone.backend) == ("CPU, 2 threads", None)
