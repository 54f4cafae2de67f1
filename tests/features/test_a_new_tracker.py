"""A pitch tracker is one file and one line of the registry: no other place knows its name."""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from duetto.corpus.manifest import Clip, Manifest
from duetto.errors import ConfigError
from duetto.features.cache import load_features
from duetto.features.extract import extract_corpus
from duetto.features.trackers import registry
from duetto.runs.compose import compose_inference, compose_runs
from duetto.runs.plan import make_plan
from duetto.settings.config import F0Config, FeaturesConfig
from duetto.storage.audio import write_audio
from duetto.storage.files import sha256_file
from tests.features.autocorrelation import TRACKER

CONF = Path(__file__).resolve().parents[2] / "conf"
KNOWN = "expected swift, rmvpe, fcpe, crepe, crepe_tiny, harvest or dio"
RATE, HOP = 24_000, 240
RUN = ["model=rvc", "data=case_b", "features.f0.method=autocorrelation"]


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(registry, "TRACKERS", (*registry.TRACKERS, TRACKER))


def extracted(folder, method):
    """F0 of a second of A3, as `extract_corpus` caches it, and the file's path."""
    write_audio(folder / "a.wav", 0.3 * np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE).astype(np.float32), RATE)
    clip = Clip("a", "a.wav", sha256_file(folder / "a.wav"), "target", "train", "a", "v", RATE, RATE)
    config = FeaturesConfig(RATE, HOP, 1024, 80, f0=F0Config(method))
    path = extract_corpus(folder, Manifest("b", (clip,), {}, {}), config, folder / "cache").paths["a"]
    return load_features(path).f0_hz, path


@pytest.mark.usefixtures("registered")
def test_it_makes_the_pitch_of_a_corpus(tmp_path):
    f0_hz, _ = extracted(tmp_path, "autocorrelation")
    assert f0_hz.shape == (100,)
    assert np.abs(1200 * np.log2(f0_hz[5:-5] / 220)).max() < 10


@pytest.mark.usefixtures("registered")
def test_its_features_are_not_those_of_another_tracker(tmp_path):
    assert extracted(tmp_path, "autocorrelation")[1] != extracted(tmp_path, "dio")[1]


@pytest.mark.usefixtures("registered")
def test_training_and_conversion_accept_its_name_and_the_plan_says_it():
    (settings,) = compose_runs(CONF, [RUN])
    assert "autocorrelation f0" in [stage.what.split(", ")[-1] for stage in make_plan(settings, 1.0)]
    assert compose_inference(CONF, ["source=a.wav", "f0_method=autocorrelation"]).f0_method == "autocorrelation"


def test_without_the_line_it_is_refused_in_a_sentence_that_names_those_there_are():
    with pytest.raises(
        ConfigError,
        match=f"method=autocorrelation: {KNOWN}; swift",
    ):
        compose_runs(CONF, [RUN])
    with pytest.raises(ConfigError, match=KNOWN):
        compose_inference(CONF, ["source=a.wav", "f0_method=autocorrelation"])


def test_every_tracker_names_packages_that_are_installed():
    for tracker in filter(registry.is_installed, (*registry.TRACKERS, TRACKER)):
        assert tracker.packages
        assert all(version(package) for package in tracker.packages)
