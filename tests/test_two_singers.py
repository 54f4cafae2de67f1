"""A folder of two singers trains one model of either architecture, and `speaker=` chooses between them."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from duetto.errors import ConfigError
from duetto.ownership.consent import example_consent
from duetto.runs.infer import infer
from duetto.settings.run_config import InferConfig

ROOT = Path(__file__).resolve().parents[1]
RATE, NUM_SAMPLES = 24_000, 25_001
SMALL = ["trainer=smoke", "trainer.max_steps=4", "trainer.checkpoint_every_steps=4", "trainer.num_threads=1"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def voice(f0_hz: float, seconds: float) -> np.ndarray:
    """A gliding harmonic tone with a pause at either end."""
    time = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * f0_hz * (time + 0.02 * np.sin(2 * np.pi * time))
    tone = sum(np.sin(number * phase) / number for number in range(1, 10))
    return 0.2 * tone * np.clip(np.minimum(time, seconds - time) / 0.1, 0, 1)


def consented(folder: Path) -> Path:
    """The folder, with the consent of whoever sings in it."""
    (folder / "consent.yaml").write_text(example_consent(date.today()), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def choir(tmp_path_factory) -> Path:
    """Two singers with four recordings each, and consent."""
    folder = tmp_path_factory.mktemp("choir")
    for singer, f0_hz in (("ann", 220.0), ("bob", 130.0)):
        (folder / singer).mkdir()
        for take in range(4):
            soundfile.write(folder / singer / f"{take}.wav", voice(f0_hz * (1 + 0.1 * take), 2.5), RATE)
    return consented(folder)


@pytest.mark.parametrize("model", ["rvc", "diffsvc", "linear"])
def test_two_singers_train_together_and_each_can_be_asked_to_sing(choir, tmp_path, model):
    settings = [f"model={model}", "model/size=compact", "data=folder", f"data.path={choir}", "preprocess=none"]
    places = [f"data.root={choir.parent / 'data'}", f"logs={tmp_path / 'logs'}"]
    command = [sys.executable, "train.py", *settings, *places, *SMALL, "eval=quick", "logger=none"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (card,) = (tmp_path / "logs").glob("*/voice/card.json")
    assert json.loads(card.read_text())["speakers"] == ["ann", "bob"]
    soundfile.write(tmp_path / "song.wav", voice(180.0, 2.0)[:NUM_SAMPLES], RATE)
    sung = {}
    for speaker in ("ann", "bob", 1):
        output = tmp_path / f"{speaker}.wav"
        config = InferConfig(run=str(card.parents[1]), source=str(tmp_path / "song.wav"), output=str(output))
        config.speaker = speaker
        if model == "diffsvc":
            config.diffusion.steps = 2
        infer(config, Console(quiet=True))
        sung[speaker], _ = soundfile.read(output)
        assert len(sung[speaker]) == NUM_SAMPLES
    np.testing.assert_array_equal(sung["bob"], sung[1])
    assert np.abs(sung["ann"] - sung["bob"]).max() > 1e-4  # four steps move a speaker little, but chance is the same
    with pytest.raises(ConfigError, match=r"speakers 0 to 1 \(ann, bob\)"):
        infer(InferConfig(run=str(card.parents[1]), source=str(tmp_path / "song.wav"), speaker=2), Console(quiet=True))
