"""Separators that are packages of their own, used if they are installed: audio-separator and PyMSS.

They are large and load models by name, which they download when they lack them, so they are imported only when asked
for by name. Written for audio-separator 0.47 and pymss 2.1, whose documented interface they are called by.
"""

import contextlib
import importlib
import importlib.metadata
import io
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import numpy as np

from duetto.errors import AudioError, ConfigError
from duetto.storage.audio import Waveform, read_channels, resample, write_audio

TOLERANCE_S = 0.1  # by which the voice may be longer or shorter than its mix
ERROR_LENGTH = 300  # characters of a package's error message that are shown


@dataclass(frozen=True)
class SeparatorPackage:
    """A package that separates, and how it is called."""

    distribution: str  # as pip calls it
    module: str
    model: str  # that is taken if none is named
    run: Callable[[Any, str, Path, Path], None]  # module, model, mix, folder for the voice


def _audio_separator(module: Any, model: str, mix: Path, folder: Path) -> None:
    separator = module.Separator(
        log_level=logging.WARNING, output_dir=str(folder), output_format="WAV", output_single_stem="Vocals"
    )
    separator.load_model(model_filename=model)
    separator.separate(str(mix))


def _pymss(module: Any, model: str, mix: Path, folder: Path) -> None:
    places = {"vocals": str(folder)}
    with module.MSSeparator.from_model_name(
        model, download=True, device="auto", output_format="wav", store_dirs=places
    ) as separator:
        separator.process_folder(str(mix))


PACKAGES: Mapping[str, SeparatorPackage] = MappingProxyType(
    {
        "audio_separator": SeparatorPackage(
            "audio-separator",
            "audio_separator.separator",
            "model_bs_roformer_ep_317_sdr_12.9755.ckpt",
            _audio_separator,
        ),
        "pymss": SeparatorPackage("pymss", "pymss", "bs_roformer_voc_hyperacev2", _pymss),
    }
)


def separate_by_package(channels: Waveform, sample_rate: int, name: str, model: str = "") -> tuple[Waveform, str]:
    """Separate the voice of a mix with an installed package.

    Args:
        channels: The mix, (C, S).
        sample_rate: Hz.
        name: One of `PACKAGES`.
        model: Of the package; empty = `SeparatorPackage.model`.

    Returns:
        The voice (C, S) at the same rate, and which package and model separated it.

    Raises:
        ConfigError: If the package is not installed, or does not know or cannot fetch the model.
        AudioError: If it writes no voice, or one of another length.
    """
    package = PACKAGES[name]
    module, version = _load(package), importlib.metadata.version(package.distribution)
    chosen = model or package.model
    with TemporaryDirectory(prefix="duetto-separate-") as place:
        mix, folder = Path(place) / "mix.wav", Path(place) / "voice"
        folder.mkdir()
        write_audio(mix, channels, sample_rate, "FLOAT")
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                package.run(module, chosen, mix, folder)
        except Exception as error:
            said = str(error).strip().replace("\n", " ")[-ERROR_LENGTH:] or type(error).__name__
            raise ConfigError(f"{package.distribution} {version} could not separate with {chosen}: {said}") from error
        voice = _read_voice(folder, package.distribution, channels.shape, sample_rate)
    return voice, f"{package.distribution} {version} with {chosen}"


def _load(package: SeparatorPackage) -> Any:
    try:
        return importlib.import_module(package.module)
    except ImportError as error:
        raise ConfigError(
            f"separator={package.module.split('.')[0]}: the package {package.distribution} is not installed "
            f"({error}). pip install {package.distribution}, or leave separator out."
        ) from error


def _read_voice(folder: Path, name: str, shape: tuple[int, ...], sample_rate: int) -> Waveform:
    files = sorted(folder.rglob("*.wav"))
    if len(files) != 1:
        raise AudioError(f"{name} wrote {len(files)} files, not one voice. Choose a model that separates vocals.")
    read, rate = read_channels(files[0])
    voice, (num_channels, num_samples) = resample(read, rate, sample_rate), shape
    if abs(voice.shape[1] - num_samples) > TOLERANCE_S * sample_rate:
        raise AudioError(
            f"{name} wrote {voice.shape[1] / sample_rate:.2f} s for a mix of {num_samples / sample_rate:.2f} s. "
            "Choose another model."
        )
    padded = np.pad(voice, [(0, 0), (0, max(0, num_samples - voice.shape[1]))])[:, :num_samples]
    return padded if len(padded) == num_channels else np.repeat(padded.mean(axis=0, keepdims=True), num_channels, 0)
