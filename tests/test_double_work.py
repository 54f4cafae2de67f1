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
    """Six recordings of one singer, and consent: all are trained on, two of them but for their ends."""
    folder = tmp_path_factory.mktemp("recordings")
    for take in range(6):
        soundfile.write(folder / f"{take}.wav", voice(200.0 * (1 + 0.1 * take), 2.5), RATE)
    return consented(folder)


def reads_of_a_run(model, recordings, work, seed):
    """How often a run of train.py reads each file, by absolute path; worker processes are not counted."""
    settings = [f"model={model}", "model/size=compact", "data=folder", f"data.path={recordings}", "preprocess=none"]
    places = [f"data.root={work / 'data'}", f"logs={work / 'logs'}", "eval=quick", "logger=none", f"seed={seed}"]
    counting = [sys.executable, "-m", "tests.counting", str(work / "counts.json"), "train.py"]
    done = subprocess.run([*counting, *settings, *places, *SMALL], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads((work / "counts.json").read_text())


@pytest.mark.parametrize("model", ["rvc", "diffsvc"])
def test_a_run_reads_each_feature_file_once_and_decodes_its_output_once(model, recordings, tmp_path):
    for seed in (0, 1):  # features just extracted, then all caches hot
        reads = reads_of_a_run(model, recordings, tmp_path, seed)
        features = (tmp_path / "data" / "features").rglob("*.npz")
        assert Counter(reads.get(str(path), 0) for path in features) == {1: 6}
        outputs = [times for path, times in reads.items() if Path(path).name == "output.wav" and "/songs/" in path]
        assert outputs == [1]  # for scores, page and pictures
