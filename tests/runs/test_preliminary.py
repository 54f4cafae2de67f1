"""What an architecture wants trained first is trained once, within its share of the minutes."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

from duetto.architectures.registry import architecture_of
from duetto.runs import preliminary
from duetto.runs.plan import make_plan
from duetto.runs.preliminary import after_preliminary_training
from duetto.storage.files import read_json
from duetto.training.hardware import Hardware
from duetto.voices.pretrained import make_module
from duetto.voices.voice import load_voice
from tests.architectures.diffsvc.test_training import tiny_diffsvc, write_tiny_vocoder
from tests.ownership.records import NOBODY
from tests.training.tiny import tiny_config, tiny_data

QUIET = Console(quiet=True)
CPU = Hardware("cpu", "CPU", "32-true", 1)
RECORD = {"consent": NOBODY, "made_from": []}
OWN = "vocoder"  # folder in the run's


def diffsvc_config(base: Path, steps: int, max_steps: int = 50, **trainer: float):
    config = tiny_config(max_steps)
    model = tiny_diffsvc(base, vocoder_steps=steps)
    return replace(config, model=model, trainer=replace(config.trainer, **trainer))


def prepared(config, folder: Path):
    return after_preliminary_training(config, tiny_data(folder.parent / "features"), CPU, RECORD, folder, QUIET)


def test_without_steps_nothing_is_trained(tmp_path):
    config = diffsvc_config(write_tiny_vocoder(tmp_path / "base"), 0)
    assert architecture_of(config.model).preliminary_training(config.model) is None
    assert prepared(config, tmp_path / "run") == (config, 0.0)
    assert not (tmp_path / "run").exists()


def test_the_acoustic_model_gets_the_trained_vocoder_and_its_own_settings(tmp_path):
    base = write_tiny_vocoder(tmp_path / "base")
    config = diffsvc_config(base, 3, max_minutes=8.0)
    acoustic, seconds = prepared(config, tmp_path / "run")
    own = load_voice(tmp_path / "run" / OWN).network.state_dict()
    before = load_voice(base).network.state_dict()
    assert any(not torch.equal(own[name], before[name]) for name in own)
    sung = make_module(acoustic.model, acoustic.features, acoustic.seed).exported_network().vocoder.state_dict()
    assert all(torch.equal(own[name], sung[name]) for name in own)
    assert seconds > 0
    assert acoustic.trainer.max_minutes == pytest.approx(8.0 - seconds / 60)
    assert acoustic.trainer.max_steps == 50
    assert acoustic.model.vocoder_steps == 0
    assert read_json(tmp_path / "run" / OWN / "card.json")["steps"] == 3
    assert not (tmp_path / "run" / OWN / "checkpoints").exists()


def test_it_is_trained_once_and_no_longer_than_the_run(tmp_path, monkeypatch):
    config = diffsvc_config(write_tiny_vocoder(tmp_path / "base"), 200, max_steps=2)
    first = prepared(config, tmp_path / "run")
    assert read_json(tmp_path / "run" / OWN / "card.json")["steps"] == 2
    monkeypatch.setattr(preliminary, "fit", None)
    assert prepared(config, tmp_path / "run") == first


def test_its_share_of_the_minutes_ends_it(tmp_path):
    config = diffsvc_config(write_tiny_vocoder(tmp_path / "base"), 10_000, max_steps=10_000, max_minutes=0.05)
    acoustic, seconds = prepared(config, tmp_path / "run")
    assert seconds > 0.5  # a quarter of 3 s, and the step that was under way, however long that takes
    assert 0 < read_json(tmp_path / "run" / OWN / "card.json")["steps"] < 10_000
    assert acoustic.trainer.max_minutes > 0


def test_the_plan_names_the_vocoders_training_within_the_minutes(tmp_path):
    config = diffsvc_config(tmp_path, 200, max_steps=50_000, max_minutes=8.0)
    config.model.size = "compact"
    config.data.train_songs = ["song_01"]
    stages = {stage.name: stage for stage in make_plan(config, 1.0)}
    assert stages["vocoder"].seconds == pytest.approx(60)
    assert stages["training"].seconds == pytest.approx(8 * 60 - 60)
    config.model.vocoder_steps = 0
    assert "vocoder" not in [stage.name for stage in make_plan(config, 1.0)]
