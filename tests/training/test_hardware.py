import pytest
import torch

from duetto.errors import ConfigError
from duetto.settings.config import TrainerConfig
from duetto.training.hardware import detect_hardware, measure_gflops, precision_for_capability


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
