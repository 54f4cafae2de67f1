"""The records of the architectures: light to read, true of the files that they name."""

import subprocess
import sys
from dataclasses import replace
from pkgutil import resolve_name

import pytest

from duetto.architectures import registry
from duetto.architectures.registry import OURS, architectures, get_architecture, register
from duetto.architectures.rvc.record import RVC
from duetto.errors import ConfigError
from duetto.settings.conf_files import conf_folder

HEAVY = ("torch", "pytorch_lightning", "numpy")


@pytest.mark.parametrize("architecture", OURS, ids=lambda each: each.name)
def test_every_part_that_a_record_names_is_there(architecture):
    optional = ("pretrained_reader", "inputs", "preliminary", "exporter")
    named = [getattr(architecture, part) for part in ("network", "renderer", "module", *optional)]
    assert all(resolve_name(name) is not None for name in named if name is not None)


@pytest.mark.parametrize("architecture", OURS, ids=lambda each: each.name)
def test_its_sizes_are_the_shapes_that_conf_has_numbers_for(architecture):
    files = {path.stem for path in (conf_folder() / "shape").glob(f"{architecture.name}_*.yaml")}
    assert files == {f"{architecture.name}_{size}" for size in architecture.sizes}
    assert set(architecture.costs) <= set(architecture.sizes)


def test_reading_the_records_imports_nothing_heavy():
    program = f"import sys, duetto.architectures.registry; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_registered_architecture_stands_after_ours_and_a_taken_name_is_refused(monkeypatch):
    monkeypatch.setattr(registry, "_REGISTERED", {})
    mine = replace(RVC, name="mine", title="Mine")
    register(mine)
    register(mine)
    assert list(architectures())[-1] == "mine"
    assert get_architecture("mine") is mine
    with pytest.raises(ConfigError, match="already an architecture rvc"):
        register(replace(RVC, title="Another"))


def test_an_unknown_architecture_is_one_sentence_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"model\.name=lstm.*known are rvc, diffsvc, linear, vocoder"):
        get_architecture("lstm")
