"""The wheel holds what a run needs, and works where the checkout is not on the path."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = (".py", ".pyc")
MAX_BASES_MIB = 40


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy, so that the checkout stays as it is; without isolation, so without a network."""
    folder = tmp_path_factory.mktemp("build")
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("src", "conf"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-index", "--no-build-isolation", "--no-deps", "-w", "."]
    subprocess.run([*command, "."], cwd=folder, check=True, timeout=300)
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_every_file_of_package_and_configuration_is_in_the_wheel(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    data = [path for path in (ROOT / "src" / "duetto").rglob("*") if path.is_file() and path.suffix not in LEFT_OUT]
    assert not {path.relative_to(ROOT / "src").as_posix() for path in data} - held
    assert not {f"duetto/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "conf").rglob("*.yaml")} - held
    assert any(name.startswith("duetto/bases/") and name.endswith(".safetensors") for name in held)


@pytest.mark.slow
def test_the_bases_are_small_and_each_has_its_card(wheel):
    entries = {entry.filename: entry.file_size for entry in zipfile.ZipFile(wheel).infolist()}
    bases = {name: size for name, size in entries.items() if name.startswith("duetto/bases/") and "safetensors" in name}
    assert sum(bases.values()) <= MAX_BASES_MIB * 2**20
    for name in bases:
        assert name.removesuffix(".safetensors").removesuffix("_discriminator") + ".json" in entries


@pytest.mark.slow
def test_an_unpacked_wheel_plans_a_run_and_finds_bases_and_recogniser_without_a_network(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    program = (
        "import socket\n"
        "def refuse(*a, **k): raise OSError('no network')\n"
        "socket.socket.connect = refuse\n"
        "import duetto, sys\n"
        f"assert duetto.__file__.startswith({str(tmp_path)!r}), duetto.__file__\n"
        "from duetto.__main__ import main\n"
        "from duetto.runs.compose import compose_runs\n"
        "from duetto.settings.conf_files import conf_folder\n"
        "run = compose_runs(conf_folder(), [['model=rvc', 'data=case_b', 'logger=none', 'model/size=compact']])[0]\n"
        "assert run.features.sample_rate == 24000\n"
        "from duetto.bases import BASES\n"
        "assert list(BASES.glob('vocoder_*.safetensors'))\n"
        "from duetto.evaluation.models.intelligibility import load_classifier\n"
        "load_classifier()\n"
        "sys.exit(main(['infer', 'run=nowhere', 'source=song.wav']))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 2, done.stderr  # no run is called so: a sentence, not a traceback
    assert done.stderr.startswith("error: ")


def test_settings_of_train_reach_hydra_as_they_are(capsys):
    from duetto.__main__ import main

    assert main(["train", "model=rvc", "no_such_setting=1"]) == 2
    assert "no_such_setting" in capsys.readouterr().err
    assert main(["infer", "index_rate=7", "source=a.wav"]) == 2
    assert "index_rate=7" in capsys.readouterr().err
