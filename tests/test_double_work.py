"""No work is done twice: how often a whole run opens the files that it depends on."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import soundfile

from tests.test_two_singers import RATE, SMALL, consented, voice

ROOT = Path(__file__).resolve().parents[1]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Six recordings of one singer, and consent: four are trained on."""
    folder = tmp_path_factory.mktemp("recordings")
    for take in range(6):
        soundfile.write(folder / f"{take}.wav", voice(200.0 * (1 + 0.1 * take), 2.5), RATE)
    return consented(folder)


def opened(model, recordings, work, seed):
    """How often a run of train.py opens each feature file; worker processes are not counted."""
    settings = [f"model={model}", "model/size=compact", "data=folder", f"data.path={recordings}", "preprocess=none"]
    places = [f"data.root={work / 'data'}", f"logs={work / 'logs'}", "eval=quick", "logger=none", f"seed={seed}"]
    counting = [sys.executable, "-m", "tests.counting", str(work / "counts.json"), "train.py"]
    done = subprocess.run([*counting, *settings, *places, *SMALL], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    counts = json.loads((work / "counts.json").read_text())
    files = (work / "data" / "features").rglob("*.npz")
    return Counter(counts.get(str(path), 0) for path in files)


@pytest.mark.parametrize("model", ["rvc", "diffsvc"])
def test_a_run_reads_each_feature_file_once(model, recordings, tmp_path):
    assert opened(model, recordings, tmp_path, seed=0) == {1: 4}  # just extracted
    assert opened(model, recordings, tmp_path, seed=1) == {1: 4}  # all caches hot
