"""A run so small that it trains within seconds: random features on disk and a network of some thousand weights."""

from pathlib import Path

import numpy as np
from rich.console import Console

from duetto.architectures.rvc.config import RVCConfig
from duetto.corpus.manifest import Clip, Manifest
from duetto.features.cache import ClipFeatures, save_features
from duetto.features.extract import FeatureSet
from duetto.runs.fit import FitResult, fit
from duetto.runs.prepare import PreparedData
from duetto.settings.config import DataConfig, FeaturesConfig, TrainerConfig
from duetto.settings.model_config import DiscriminatorConfig, GeneratorConfig
from duetto.settings.run_config import TrainConfig
from duetto.training.hardware import Hardware
from duetto.training.tracking import Tracker

WIDTH, HOP, RATE = 6, 16, 8000


def tiny_config(max_steps: int, every: int = 2) -> TrainConfig:
    features = FeaturesConfig(RATE, HOP, 64, 10)
    features.content.dimension = WIDTH
    model = RVCConfig(
        name="rvc",
        size="tiny",
        content_dimension=WIDTH,
        spectrogram_channels=33,
        inter_channels=8,
        hidden_channels=8,
        filter_channels=16,
        num_heads=2,
        num_layers=1,
        dropout=0.1,
        posterior_layers=1,
        flow_layers=1,
        speaker_channels=4,
        segment_frames=24,
        crop_frames=32,
        generator=GeneratorConfig([4, 4], [8, 8], 16, [3], [[1]]),
        discriminator=DiscriminatorConfig([2], 0.05),
    )
    trainer = TrainerConfig(
        max_minutes=0,
        max_steps=max_steps,
        batch_size=2,
        checkpoint_every_steps=every,
        evaluate_every_steps=0,
        log_every_steps=1,
    )
    return TrainConfig(data=DataConfig(case="tiny"), features=features, model=model, trainer=trainer)


def tiny_data(folder: Path, singers: tuple[str, ...] = ("singer",) * 3) -> PreparedData:
    generator = np.random.default_rng(0)
    paths, frames = {}, {}
    for number, length in enumerate((40, 64, 20)):
        name = f"clip{number}"
        paths[name], frames[name] = folder / f"{name}.npz", length
        voiced = generator.random(length) > 0.2
        clip = ClipFeatures(
            content=generator.standard_normal((length, WIDTH)).astype(np.float32),
            f0_hz=np.where(voiced, 220.0, 0.0).astype(np.float32),
            waveform=generator.uniform(-0.3, 0.3, length * HOP).astype(np.float32),
        )
        save_features(clip, paths[name])
    clips = tuple(
        Clip(name, f"{name}.wav", "", "target", "train", name, singer, RATE, frames[name] * HOP)
        for name, singer in zip(paths, singers, strict=True)
    )
    return PreparedData(folder, Manifest("tiny", clips, {}, {}), FeatureSet(paths, frames, 1.0, 0.0, 1.0, 0.0))


def tiny_fit(
    max_steps: int,
    folder: Path,
    every: int = 2,
    config: TrainConfig | None = None,
    hardware: Hardware | None = None,
    prepared: PreparedData | None = None,
) -> FitResult:
    hardware = hardware or Hardware("cpu", "CPU", "32-true", 1)
    prepared = prepared or tiny_data(folder.parent / "features")
    tracker = Tracker([], "off")
    return fit(config or tiny_config(max_steps, every), prepared, hardware, folder, tracker, Console(quiet=True))
