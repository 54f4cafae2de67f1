"""The scripts of examples/ as a user runs them, on a run that the first of them trains."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def run(name: str, *arguments: object, folder: Path) -> str:
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    environment = os.environ | {"PYTHONWARNINGS": "default"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, env=environment)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `examples/train.py` was run."""
    folder = tmp_path_factory.mktemp("work")
    said = run("train.py", "trainer.num_threads=1", folder=folder)
    assert "mcd_output" in said
    assert "Voice('rvc-case_b" in said
    return folder


def song_of(work: Path) -> Path:
    (song,) = work.glob("logs/rvc-*/evaluations/*/songs/*")
    return song


def test_a_recording_is_converted(work: Path):
    source = song_of(work) / "source.wav"
    said = run("convert.py", "latest", source, "sung.wav", 6, folder=work)
    assert "sang" in said
    assert soundfile.info(work / "sung.wav").frames == soundfile.info(source).frames
    assert (work / "sung.wav.json").is_file()


def test_a_conversion_is_scored(work: Path):
    song = song_of(work)
    lines = run(
        "evaluate.py", song / "output.wav", song / "reference.wav", song / "source.wav", folder=work
    ).splitlines()
    scores = {name: float(value) for name, value in map(str.split, lines)}
    assert scores["mcd_output"] > 0
    assert "mcd_source" in scores


def test_recordings_are_examined(work: Path):
    said = run("doctor.py", song_of(work), "doctor.html", folder=work)
    assert "are usable" in said
    assert (work / "doctor.html").stat().st_size > 1000


def test_every_example_is_run_here():
    text = Path(__file__).read_text(encoding="utf-8")
    for script in EXAMPLES.glob("*.py"):
        assert re.search(rf'\brun\(\s*"{re.escape(script.name)}"', text), script.name
