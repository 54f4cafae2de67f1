"""Which card is used, and what is said of one that is not: with a stand-in for torch's answers."""

import pytest
import torch

from duetto.device import cuda
from duetto.device.cuda import find_card, runs_on
from duetto.errors import ConfigError
from duetto.settings.config import TrainerConfig
from duetto.training.hardware import detect_hardware

BUILT_FOR = ["sm_75", "sm_80", "sm_86", "sm_90a", "sm_120", "compute_120"]


@pytest.fixture
def machine(monkeypatch):
    def make(built="13.0", available=True, capability=(7, 5), has_driver=True):
        monkeypatch.setattr(torch.version, "cuda", built)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Some card")
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
        monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: BUILT_FOR)
        monkeypatch.setattr(cuda, "has_cuda_driver", lambda: has_driver)

    return make


@pytest.mark.parametrize(
    ("capability", "is_supported"),
    [
        ((6, 0), False),  # P100
        ((7, 0), False),  # V100: older than the oldest code
        ((7, 5), True),  # T4
        ((8, 9), True),  # L4: code of its generation
        ((9, 0), True),  # H100
        ((12, 1), True),
        ((13, 0), True),  # from the intermediate code
    ],
)
def test_a_build_runs_on_its_own_generations_and_on_what_its_intermediate_code_reaches(capability, is_supported):
    assert runs_on(BUILT_FOR, *capability) == is_supported


def test_a_usable_card_is_used_and_named(machine):
    machine()
    hardware = detect_hardware(TrainerConfig())
    assert (hardware.accelerator, hardware.device_name, hardware.precision) == ("cuda", "Some card", "16-mixed")
    assert not hardware.complaint
    assert detect_hardware(TrainerConfig(accelerator="cpu")).accelerator == "cpu"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"built": None}, "build for CPUs: pip install -r requirements-gpu.txt"),
        ({"available": False}, "driver is too old for CUDA 13.0"),
        ({"capability": (6, 0)}, "the card is sm_60"),
    ],
)
def test_a_card_that_cannot_be_used_is_told_with_the_remedy(machine, state, said):
    machine(**state)
    hardware = detect_hardware(TrainerConfig())
    assert hardware.accelerator == "cpu"
    assert said in hardware.complaint
    assert not detect_hardware(TrainerConfig(accelerator="cpu")).complaint
    with pytest.raises(ConfigError, match="trainer") as refused:
        detect_hardware(TrainerConfig(accelerator="cuda"))
    assert said in str(refused.value)


def test_without_a_card_nothing_is_said(machine):
    for state in ({"built": None}, {"available": False}):
        machine(**state, has_driver=False)
        assert not find_card().complaint
