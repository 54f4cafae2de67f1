"""`import duetto` costs nothing, and what it offers is there when it is used."""

import doctest
import importlib
import inspect
import subprocess
import sys
from importlib.resources import files

import pytest

import duetto

HEAVY = ("torch", "torchaudio", "pytorch_lightning", "librosa", "wandb", "scipy", "numpy", "hydra", "omegaconf")


def test_importing_duetto_imports_nothing_heavy():
    code = f"import duetto, sys; dir(duetto); print(sorted(set(sys.modules) & set({HEAVY})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", duetto.__all__)
def test_every_name_of_the_front_door_opens(name: str):
    assert getattr(duetto, name) is not None


@pytest.mark.parametrize("name", ["load_voice", "train", "evaluate", "doctor"])
def test_every_function_says_what_it_takes_gives_and_refuses(name: str):
    function = getattr(duetto, name)
    text = inspect.getdoc(function) or ""
    assert "Raises:" in text
    for argument in inspect.signature(function).parameters:
        assert f"{argument}:" in text, argument


def test_the_doctor_stays_a_function_whatever_is_imported():
    importlib.import_module("duetto.diagnosis.examine")
    assert callable(duetto.doctor)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'lode_voice'"):
        duetto.lode_voice  # noqa: B018


def test_type_checkers_are_told_that_the_package_is_typed():
    assert files("duetto").joinpath("py.typed").is_file()


@pytest.mark.parametrize("module", ["duetto.front.voice", "duetto.front.evaluate", "duetto.front.doctor"])
def test_the_examples_in_the_docstrings_are_true(module: str):
    outcome = doctest.testmod(importlib.import_module(module))
    assert outcome.attempted > 0
    assert outcome.failed == 0
