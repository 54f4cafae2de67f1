"""Reads and writes third-party vocoders: a PyTorch `model` file with its `config.json`."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.architectures.vocoder.weights import export_weights
from duetto.errors import CheckpointError
from duetto.settings.config import FeaturesConfig
from duetto.storage.files import atomic_path, read_json, write_json
from duetto.storage.torch_file import read_torch_file

FOREIGN_CONFIG = "config.json"  # beside a third-party vocoder
REMEDY = "Expected the `model` file of an NSF-HiFiGAN with its config.json beside it."


def read_foreign_vocoder(path: Path) -> dict[str, Tensor]:
    """The generator's tensors of a third-party vocoder file, by the file's names.

    Raises:
        CheckpointError: If the file is truncated, hostile, or not a vocoder.
    """
    content = read_torch_file(path, REMEDY)
    weights = content.get("generator") if isinstance(content, dict) else None
    if not isinstance(weights, dict):
        raise CheckpointError(f"{path} holds no generator. {REMEDY}")
    return {str(name): tensor for name, tensor in weights.items() if isinstance(tensor, Tensor)}


def read_foreign_config(path: Path) -> dict[str, Any]:
    """The config.json beside a vocoder file.

    Raises:
        CheckpointError: If there is none.
    """
    config = path.with_name(FOREIGN_CONFIG)
    if not config.is_file():
        raise CheckpointError(f"{path} has no {FOREIGN_CONFIG} beside it. Copy there the one it came with.")
    values: dict[str, Any] = read_json(config)
    return values


def foreign_mel(config: dict[str, Any]) -> dict[str, Any]:
    """The mel that a vocoder takes, from its config.json, under our names."""
    return {
        "sample_rate": int(config.get("sampling_rate", 0)),
        "hop_length": int(config.get("hop_size", 0)),
        "n_fft": int(config.get("n_fft", 0)),
        "n_mels": int(config.get("num_mels", 0)),
        "mel_min_hz": float(config.get("fmin") or 0.0),
        "mel_max_hz": config.get("fmax"),
    }


def save_foreign_vocoder(vocoder: Vocoder, features: FeaturesConfig, folder: Path) -> Path:
    """Write a vocoder in the third-party layout, `model` and `config.json`; returns the path of `model`."""
    shape = vocoder.shape
    config = {
        "sampling_rate": shape.sample_rate,
        "hop_size": shape.hop_length,
        "n_fft": features.n_fft,
        "win_size": features.n_fft,
        "num_mels": features.n_mels,
        "fmin": features.mel_min_hz,
        "fmax": features.mel_max_hz or features.sample_rate / 2,
        "resblock": "1",
        "upsample_rates": list(shape.generator.upsample_rates),
        "upsample_kernel_sizes": list(shape.generator.upsample_kernel_sizes),
        "upsample_initial_channel": shape.generator.initial_channels,
        "resblock_kernel_sizes": list(shape.generator.resblock_kernel_sizes),
        "resblock_dilation_sizes": [list(sizes) for sizes in shape.generator.resblock_dilation_sizes],
        "mini_nsf": shape.has_mini_source,
        "harmonic_num": shape.num_harmonics,
    }
    write_json(folder / FOREIGN_CONFIG, config)
    with atomic_path(folder / "model") as temporary:
        torch.save({"generator": export_weights(vocoder)}, temporary)
    return folder / "model"
