"""Steps a second of two processes of one thread against one process of two threads, on the CPU.

    python -m benchmarks.processes [STEPS]      # 12 of each, three times in turn: some minutes on two cores

RVC of the compact size on clips of noise, batches of 4; the two are tried in turn, since other work moves both. The
first steps, in which libraries choose their kernels, are left out.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

from duetto.corpus.manifest import Clip, Manifest
from duetto.features.cache import ClipFeatures, save_features
from duetto.features.extract import FeatureSet
from duetto.runs.compose import compose_runs
from duetto.runs.fit import fit
from duetto.runs.prepare import PreparedData
from duetto.runs.team import Team
from duetto.settings.conf_files import conf_folder
from duetto.settings.run_config import TrainConfig
from duetto.training.hardware import detect_hardware
from duetto.training.module import TrainingModule
from duetto.training.place import Place
from duetto.training.tracking import Tracker

SETTINGS = ("model=rvc", "model/size=compact", "data=case_b", "logger=none", "trainer.accelerator=cpu")
WARM_UP = 3  # steps that do not count
ROUNDS = 3
NUM_CLIPS, NUM_FRAMES = 8, 400


def clips_of_noise(folder: Path, config: TrainConfig) -> PreparedData:
    """Features of random content and sound, as long as phrases are."""
    generator, features = np.random.default_rng(0), config.features
    paths = {f"clip{number}": folder / f"clip{number}.npz" for number in range(NUM_CLIPS)}
    for path in paths.values():
        content = generator.standard_normal((NUM_FRAMES, features.content.dimension)).astype(np.float32)
        waveform = generator.uniform(-0.3, 0.3, NUM_FRAMES * features.hop_length).astype(np.float32)
        save_features(ClipFeatures(content, np.full(NUM_FRAMES, 220.0, np.float32), waveform), path)
    size = NUM_FRAMES * features.hop_length
    clips = tuple(
        Clip(name, f"{name}.wav", "", "target", "train", name, "noise", features.sample_rate, size) for name in paths
    )
    frames = dict.fromkeys(paths, NUM_FRAMES)
    return PreparedData(folder, Manifest("noise", clips, {}, {}), FeatureSet(paths, frames, 1.0, 0.0, 1.0, 0.0))


def seconds_of_step(folder: Path, processes: int, steps: int) -> float:
    """Median wall seconds of a step."""
    limits = f"trainer.max_steps={steps} trainer.max_minutes=0 trainer.evaluate_every_steps=0"
    threads = f"trainer.devices={processes} trainer.num_threads={2 // processes} trainer.checkpoint_every_steps=100000"
    (config,) = compose_runs(conf_folder(), [[*SETTINGS, *limits.split(), *threads.split()]])
    place = Place(0, processes, 0, processes)
    hardware = detect_hardware(config.trainer, place)
    torch.set_num_threads(hardware.num_threads)
    began: list[float] = []
    step = TrainingModule.training_step

    def timed(self: TrainingModule, *arguments: object) -> None:
        began.append(time.perf_counter())
        step(self, *arguments)  # type: ignore[arg-type]

    TrainingModule.training_step = timed  # type: ignore[method-assign,assignment]
    try:
        with Team(place) as team:
            run = folder / f"run{time.monotonic_ns()}"
            prepared = clips_of_noise(folder, config)
            fit(config, prepared, hardware, run, Tracker([], "off"), Console(quiet=True), None, team)
    finally:
        TrainingModule.training_step = step  # type: ignore[method-assign]
    return statistics.median(np.diff(began)[WARM_UP:].tolist())


def main(steps: int) -> None:
    """Print both speeds of each round, and the median of their ratios."""
    ratios = []
    with tempfile.TemporaryDirectory() as place:
        for _ in range(ROUNDS):
            one, two = (seconds_of_step(Path(place), processes, steps) for processes in (1, 2))
            ratios.append(one / two)
            print(f"one process of two threads {one:.2f} s a step, two of one thread {two:.2f} s: {one / two:.2f}")
    print(f"two processes do {statistics.median(ratios):.2f} times the steps of one")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
