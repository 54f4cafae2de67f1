"""A vocoder: built from its settings, loaded from wherever it lies, and as a renderer that rebuilds what it hears.

A vocoder's mel is natural-log on the feature grid, in the form of `duetto.features.mel`: the one that the field's
NSF-HiFiGANs were trained on.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from duetto.architectures.vocoder.shapes import VocoderShape, shape_from_config, vocoder_generator
from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.architectures.vocoder.weights import export_weights, load_weights
from duetto.conversion.converter import ConversionRequest
from duetto.errors import CheckpointError, ConfigError
from duetto.features.cache import ClipFeatures
from duetto.features.mel import MelSettings, log_mel_spectrogram
from duetto.settings.config import FeaturesConfig
from duetto.settings.model_config import GeneratorConfig, VocoderConfig
from duetto.storage.audio import Waveform
from duetto.storage.files import atomic_path, read_json, sha256_file, write_json
from duetto.storage.torch_file import read_torch_file

BASES = Path(__file__).resolve().parents[2] / "bases"
AUTO = "auto"
FOREIGN_CONFIG = "config.json"  # beside a vocoder of the field
OWN_CARD, OWN_WEIGHTS = "card.json", "generator.safetensors"  # in a folder of ours
REMEDY = "Expected the `model` file of an NSF-HiFiGAN with its config.json beside it."
GRID = ("sample_rate", "hop_length", "n_fft", "n_mels", "mel_min_hz", "mel_max_hz")  # of features: what a mel is


def vocoder_shape(n_mels: int, generator: GeneratorConfig, sample_rate: int) -> VocoderShape:
    """The shape that settings ask for."""
    return VocoderShape(
        sample_rate,
        vocoder_generator(
            n_mels,
            generator.upsample_initial_channel,
            tuple(generator.upsample_rates),
            tuple(generator.upsample_kernel_sizes),
            tuple(generator.resblock_kernel_sizes),
            tuple(tuple(sizes) for sizes in generator.resblock_dilation_sizes),
        ),
        generator.num_harmonics,
        generator.has_mini_source,
    )


def build_vocoder(model: VocoderConfig, features: FeaturesConfig) -> Vocoder:
    """An untrained vocoder of the configured shape."""
    return Vocoder(vocoder_shape(model.n_mels, model.generator, features.sample_rate))


def waveform_to_mel(waveform: Tensor, features: FeaturesConfig, semitones: float = 0.0) -> Tensor:
    """Log mel (B, M, T) of waveforms (B, S), natural logarithm, spectra shifted by `semitones`."""
    settings = MelSettings(
        features.sample_rate,
        features.n_fft,
        features.hop_length,
        features.n_mels,
        features.mel_min_hz,
        features.mel_max_hz or features.sample_rate / 2,
    )
    return log_mel_spectrogram(waveform, settings, semitones)


def vocoder_base_name(features: FeaturesConfig) -> str:
    """File name of the base that hears these features' mel, without its suffix."""
    return f"vocoder_{features.sample_rate}_{features.hop_length}_{features.n_mels}"


def find_vocoder(reference: str, features: FeaturesConfig) -> Path:
    """The file that `model.vocoder` names: `auto`, a run or voice folder of ours, or a model file of the field.

    Raises:
        ConfigError: If there is none.
    """
    if reference == AUTO:
        path = BASES / f"{vocoder_base_name(features)}.safetensors"
        if not path.is_file():
            raise ConfigError(
                f"No vocoder ships for {features.sample_rate} Hz, hop {features.hop_length} and {features.n_mels} mel "
                "bins. Set model.vocoder to an NSF-HiFiGAN `model` file with its config.json beside it, or to the "
                "folder of a run of model=vocoder."
            )
        return path
    path = Path(reference).expanduser()
    for candidate in (path / "voice" / OWN_WEIGHTS, path / OWN_WEIGHTS, path / "model", path):
        if candidate.is_file():
            return candidate
    raise ConfigError(f"model.vocoder={reference}: there is no vocoder there. Expected a run's folder or a model file.")


def vocoder_card(path: Path) -> Path:
    """Where the card of a vocoder of ours lies."""
    return path.with_suffix(".json") if path.parent == BASES else path.with_name(OWN_CARD)


def vocoder_digest(reference: str, features: FeaturesConfig) -> str:
    """SHA-256 of the vocoder's weights: part of the signature of a run that sings through it."""
    return sha256_file(find_vocoder(reference, features))


def load_vocoder_into(vocoder: Vocoder, reference: str, features: FeaturesConfig) -> None:
    """Fill a vocoder of the configured shape with the weights that `model.vocoder` names.

    Raises:
        ConfigError: If there is no such vocoder, or it hears another mel than `features` has.
        CheckpointError: If the file is damaged, hostile, or of another shape.
    """
    path = find_vocoder(reference, features)
    if path.suffix == ".safetensors":
        _require_same_mel(read_json(vocoder_card(path))["features"], features, path)
        try:
            vocoder.load_state_dict(load_file(path))
        except (SafetensorError, RuntimeError) as error:
            raise CheckpointError(
                f"The vocoder {path} does not fit model.vocoder_generator, or is damaged: "
                f"{str(error).splitlines()[-1].strip()}"
            ) from error
        return
    config = _foreign_config(path)
    theirs = {
        "sample_rate": int(config.get("sampling_rate", 0)),
        "hop_length": int(config.get("hop_size", 0)),
        "n_fft": int(config.get("n_fft", 0)),
        "n_mels": int(config.get("num_mels", 0)),
        "mel_min_hz": float(config.get("fmin") or 0.0),
        "mel_max_hz": config.get("fmax"),
    }
    _require_same_mel(theirs, features, path)
    shape = shape_from_config(config)
    if shape != vocoder.shape:
        raise CheckpointError(f"{path} is a vocoder of the shape {shape}, but model.vocoder_generator is another one.")
    load_weights(vocoder, read_foreign_vocoder(path))


def read_foreign_vocoder(path: Path) -> dict[str, Tensor]:
    """The generator's tensors of a vocoder file of the field, by its names.

    Raises:
        CheckpointError: If it is truncated, hostile, or no vocoder.
    """
    content = read_torch_file(path, REMEDY)
    weights = content.get("generator") if isinstance(content, dict) else None
    if not isinstance(weights, dict):
        raise CheckpointError(f"{path} holds no generator. {REMEDY}")
    return {str(name): tensor for name, tensor in weights.items() if isinstance(tensor, Tensor)}


def _foreign_config(path: Path) -> dict[str, Any]:
    config = path.with_name(FOREIGN_CONFIG)
    if not config.is_file():
        raise CheckpointError(f"{path} has no {FOREIGN_CONFIG} beside it. Put the one there that it came with.")
    values: dict[str, Any] = read_json(config)
    return values


def _require_same_mel(theirs: dict[str, Any], features: FeaturesConfig, path: Path) -> None:
    ours = asdict(features)
    nyquist = features.sample_rate / 2
    for name in GRID:
        wanted, found = ours[name], theirs.get(name)
        if name == "mel_max_hz":
            wanted, found = wanted or nyquist, found or nyquist
        if wanted != found:
            raise ConfigError(f"The vocoder {path} was trained with {name}={found}, but features.{name} is {wanted}.")


def foreign_generator(reference: str, features: FeaturesConfig) -> GeneratorConfig:
    """The generator's numbers of the vocoder that `reference` names, whichever kind of file it is.

    Raises:
        ConfigError: If there is none.
        CheckpointError: If its card or config.json cannot be used.
    """
    path = find_vocoder(reference, features)
    if path.suffix == ".safetensors":
        return GeneratorConfig(**read_json(vocoder_card(path))["model"]["generator"])
    shape = shape_from_config(_foreign_config(path))
    generator = shape.generator
    return GeneratorConfig(
        list(generator.upsample_rates),
        list(generator.upsample_kernel_sizes),
        generator.initial_channels,
        list(generator.resblock_kernel_sizes),
        [list(sizes) for sizes in generator.resblock_dilation_sizes],
        shape.num_harmonics,
        shape.has_mini_source,
    )


def save_foreign_vocoder(vocoder: Vocoder, features: FeaturesConfig, folder: Path) -> Path:
    """Write a vocoder as the field lays it out, `model` and `config.json`; gives the path of `model`."""
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


class VocoderRenderer:
    """Copy synthesis; see `duetto.conversion.converter.Renderer`."""

    uses_f0 = True
    reads_content = False

    def __init__(self, network: Vocoder, features: FeaturesConfig) -> None:
        self.network = network
        self.features = features

    def render(self, frames: ClipFeatures, request: ConversionRequest, generator: torch.Generator) -> Waveform:
        """The frames' own waveform, rebuilt."""
        return self.copy_synthesise(frames, request, generator)

    @torch.inference_mode()
    def copy_synthesise(self, frames: ClipFeatures, request: ConversionRequest, generator: torch.Generator) -> Waveform:
        """Mel and melody of the waveform through the network."""
        mel = waveform_to_mel(torch.from_numpy(np.array(frames.waveform))[None], self.features)
        output = self.network(mel, torch.from_numpy(frames.f0_hz)[None], generator=generator)
        return np.asarray(output[0, 0].float().numpy())
