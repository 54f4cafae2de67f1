"""A run whose voice changes nothing, and recordings to convert with it; no weights are needed."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from duetto.runs import infer as infer_module
from duetto.settings.model_config import ModelConfig
from duetto.settings.run_config import InferConfig
from tests.conversion.transparent import transparent_converter

RATE = 8000


def make_run(logs, name):
    (logs / name / "voice").mkdir(parents=True)
    (logs / name / "voice" / "card.json").write_text(json.dumps({}))
    (logs / name / "run.json").write_text("{}")
    return logs / name


def tone(path, seconds=1.0, level=0.3):
    soundfile.write(path, level * np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE)) / RATE), RATE)
    return path


@pytest.fixture
def voiced_run(tmp_path, monkeypatch):
    """A run whose voice is transparent, so that no weights are needed."""
    make_run(tmp_path / "logs", "rvc-x-0123456789")
    voice = SimpleNamespace(card={"speakers": ["mei", "miku"]}, model=ModelConfig(name="rvc", num_speakers=2))
    loads = []

    def load(*arguments, **keywords):
        loads.append(arguments)
        return transparent_converter(), voice

    monkeypatch.setattr(infer_module, "choose_converter", load)
    return loads


def settings(tmp_path, **changes):
    return InferConfig(logs=str(tmp_path / "logs"), output=str(tmp_path / "out"), **changes)
