"""RMVPE as a tracker: its weights file is checked, its contour decoded, its place in cache keys that of its content."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from duetto.errors import CheckpointError, ConfigError
from duetto.features.cache import feature_path
from duetto.features.f0 import build_f0_extractor
from duetto.features.rmvpe.decoding import LOWEST_CENTS, decode_salience, mean_about
from duetto.features.rmvpe.weights import load_rmvpe
from duetto.features.trackers import registry
from duetto.settings.config import F0Config, FeaturesConfig
from duetto.voices.load import tracker_settings


def cents(f0_hz):
    return 1200 * np.log2(f0_hz / 10.0)


def test_the_pitch_is_the_weighted_mean_of_nine():
    salience = np.zeros((3, 360), np.float32)
    salience[0, 100], salience[0, 101] = 0.6, 0.2  # a quarter of the weight lies 20 cents higher
    salience[1, 0], salience[1, 5] = 0.5, 0.4  # the second lies outside the reach
    salience[2, 50] = 0.03  # does not exceed the threshold
    found = decode_salience(salience)
    assert cents(found[:2]) == pytest.approx([LOWEST_CENTS + 2000 + 5, LOWEST_CENTS])
    assert found[2] == 0.0


def test_a_pitch_about_which_nothing_weighs_is_itself():
    assert cents(mean_about(np.zeros((1, 360), np.float32), np.array([359]))) == pytest.approx([LOWEST_CENTS + 7180])


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (
            F0Config("rmvpe"),
            "needs features.f0.path=FILE, which is not set .f0_path=FILE in infer.py.. Write features.f0.path=hub",
        ),
        (F0Config("rmvpe", path="nowhere.pt"), "features.f0.path=nowhere.pt is no file. Download rmvpe.pt"),
        (F0Config("swift", path="rmvpe.pt"), "features.f0.path=rmvpe.pt: swift reads no weights file. Leave it out."),
    ],
)
def test_missing_or_idle_weights_are_refused_in_a_sentence(config, sentence):
    with pytest.raises(ConfigError, match=sentence):
        build_f0_extractor(config)


def test_a_missing_package_is_told_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(registry, "is_installed", lambda tracker: tracker.module is None)
    with pytest.raises(ConfigError, match=r"needs the package torchfcpe: pip install '\.\[fcpe\]'"):
        registry.require_ready(F0Config("fcpe"))


@pytest.mark.parametrize(
    ("installed", "first", "second"),
    [((), "swift", "harvest"), (("fcpe",), "swift", "fcpe"), (("fcpe", "crepe"), "fcpe", "crepe_tiny")],
)
def test_the_second_opinion_is_neural_where_one_is_installed(monkeypatch, installed, first, second):
    monkeypatch.setattr(registry, "is_installed", lambda tracker: tracker.extra is None or tracker.extra in installed)
    assert registry.second_opinion(first) == second


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"unet.encoder.bn.weight": torch.zeros(1)}, "lacks 740 tensors"),
        ({"model": {}}, "holds model where a table of tensors was expected"),
        ([1, 2], "holds a list where a table of tensors was expected"),
    ],
)
def test_another_file_is_refused_in_a_sentence(tmp_path, content, sentence):
    torch.save(content, tmp_path / "rmvpe.pt")
    with pytest.raises(CheckpointError, match=sentence):
        load_rmvpe(tmp_path / "rmvpe.pt")


def test_features_are_named_by_the_content_of_the_weights_not_by_their_place(tmp_path):
    for name, content in (("a.pt", b"1"), ("b.pt", b"1"), ("c.pt", b"2")):
        (tmp_path / name).write_bytes(content)
    config = FeaturesConfig(24_000, 240, 1024, 80)
    first, same, other = (
        feature_path(tmp_path, "0" * 64, replace(config, f0=F0Config("rmvpe", path=str(tmp_path / f"{name}.pt"))))
        for name in "abc"
    )
    assert first == same != other


def test_a_conversion_keeps_the_weights_of_the_training_for_the_same_tracker_only():
    trained = F0Config("rmvpe", path="trained.pt")
    assert tracker_settings(trained, None, None) == trained
    assert tracker_settings(trained, "rmvpe", None) == trained
    assert tracker_settings(trained, None, "moved.pt").path == "moved.pt"
    assert tracker_settings(trained, "harvest", None) == F0Config("harvest")
