"""Runs from recordings in seconds: a linear voice without a test, of a person or of nobody."""

from pathlib import Path

import soundfile
import yaml
from rich.console import Console

from duetto.runs.compose import compose_runs
from duetto.runs.train import train
from duetto.settings.conf_files import conf_folder
from duetto.storage.run_folder import RunFolder
from tests.test_two_singers import RATE, voice


def record(folder: Path, consent: dict, f0_hz: float = 220.0) -> Path:
    """A folder with three recordings and a consent record."""
    folder.mkdir(parents=True)
    for take in range(3):
        soundfile.write(folder / f"take {take}.wav", voice(f0_hz * (1 + 0.1 * take), 2.5), RATE)
    (folder / "consent.yaml").write_text(yaml.safe_dump(consent), encoding="utf-8")
    return folder


def settings(recordings: Path, work: Path, *overrides: str) -> list[str]:
    places = [f"data.path={recordings}", f"data.root={work / 'data'}", f"logs={work / 'logs'}"]
    small = ["model=linear", "data=folder", "preprocess=none", "trainer=smoke", "trainer.num_threads=1", "logger=none"]
    return [*small, *places, *overrides]


def learn(recordings: Path, work: Path, *overrides: str) -> RunFolder:
    """Train a voice on a folder of recordings."""
    (config,) = compose_runs(conf_folder(), [settings(recordings, work, *overrides)])
    return RunFolder(train(config, Console(quiet=True)).folder)
