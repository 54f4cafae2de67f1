"""Public Diff-SVC files: `model_ckpt_steps_N.ckpt` with its `config.yaml`, read and written.

The checkpoint is a dict whose `state_dict` has names that begin with `model.`. The shape is taken from its buffers
(schedule, range of the mel) and its tensors, because configs of 2022 name a wrong encoder and hold numbers as text. The
config supplies only the numbers that cannot be derived from the weights.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from duetto.architectures.diffsvc.config import DenoiserConfig, DiffSVCConfig
from duetto.architectures.diffsvc.shapes import DiffSVCShape
from duetto.architectures.diffsvc.weights import shape_of
from duetto.errors import CheckpointError
from duetto.features.hubert_variants import CONTENTVEC, HUBERT_SOFT
from duetto.features.timing import UPSTREAM_UNITS
from duetto.settings.config import ContentConfig, F0Config, FeaturesConfig
from duetto.settings.model_config import GeneratorConfig
from duetto.storage.torch_file import refuse_expanded

STATE, PREFIX = "state_dict", "model."
CONFIG_NAME = "config.yaml"
REMEDY = "Expected the model_ckpt_steps_*.ckpt of Diff-SVC with its config.yaml beside it."
CROP_FRAMES = 172  # two seconds at 44.1 kHz, if training continues
DILATION_CYCLE = 4  # upstream's, if a config does not set it
CONTENT = {False: (HUBERT_SOFT, 12), True: (CONTENTVEC, 9)}  # by use_vec; both 256 wide


@dataclass(frozen=True)
class DiffSVCFile:
    """The content of a Diff-SVC checkpoint and its config."""

    weights: dict[str, Tensor]  # by upstream's names, without the prefix
    shape: DiffSVCShape
    features: FeaturesConfig
    step: int | None


def is_diffsvc_checkpoint(content: Any) -> bool:
    """Whether the content of a PyTorch file has the names of a Diff-SVC checkpoint."""
    if not isinstance(content, Mapping) or not isinstance(content.get(STATE), Mapping):
        return False
    return any(str(name).startswith(f"{PREFIX}denoise_fn.") for name in content[STATE])


def parse_diffsvc(content: Mapping[str, Any], path: Path, content_path: str | None) -> DiffSVCFile:
    """Shape, settings and tensors of a checkpoint that was loaded from `path`.

    Raises:
        CheckpointError: If a tensor or a number of the config is missing or invalid.
    """
    tensors = {str(name): tensor for name, tensor in content[STATE].items() if isinstance(tensor, Tensor)}
    refuse_expanded(tensors, path, REMEDY)
    weights = {
        name.removeprefix(PREFIX): tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }
    config = read_config(path.with_name(CONFIG_NAME))
    features = features_of(config, content_path)
    shape = shape_of(
        weights, features.f0.min_hz, features.f0.max_hz, _whole(config, "dilation_cycle_length", DILATION_CYCLE)
    )
    step = content.get("global_step")
    return DiffSVCFile(weights, shape, features, int(step) if isinstance(step, int) else None)


def read_config(path: Path) -> dict[str, Any]:
    """Read the config beside a checkpoint.

    Raises:
        CheckpointError: If it is missing or not a YAML mapping.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no {path}. {REMEDY}") from error
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise CheckpointError(f"{path} cannot be read ({str(error).splitlines()[0]}). {REMEDY}") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} holds no settings. {REMEDY}")
    return values


def features_of(config: Mapping[str, Any], content_path: str | None) -> FeaturesConfig:
    """Our `features` group of a public config; numbers may be text, as PyYAML reads `1e-6`.

    Raises:
        CheckpointError: If a number is missing or invalid.
    """
    encoder, layer = CONTENT[bool(config.get("use_vec", False))]
    n_fft, window = _whole(config, "fft_size"), _whole(config, "win_size", _whole(config, "fft_size"))
    if n_fft != window:
        raise CheckpointError(
            f"{CONFIG_NAME} has win_size {window} and fft_size {n_fft}; only equal sizes are supported."
        )
    return FeaturesConfig(
        sample_rate=_whole(config, "audio_sample_rate"),
        hop_length=_whole(config, "hop_size"),
        n_fft=n_fft,
        n_mels=_whole(config, "audio_num_mel_bins"),
        mel_min_hz=_number(config, "fmin"),
        mel_max_hz=_number(config, "fmax"),
        content=ContentConfig(encoder, layer, 256, content_path),
        f0=F0Config(min_hz=_number(config, "f0_min"), max_hz=_number(config, "f0_max")),
        timing=UPSTREAM_UNITS,
    )


def model_of(shape: DiffSVCShape, features: FeaturesConfig, vocoder: str, generator: GeneratorConfig) -> DiffSVCConfig:
    """Our `model` group of a public shape."""
    return DiffSVCConfig(
        name="diffsvc",
        size=f"{features.sample_rate // 1000}k",
        content_dimension=shape.condition.content_dimension,
        num_speakers=max(shape.condition.num_speakers, 1),
        crop_frames=CROP_FRAMES,
        n_mels=shape.denoiser.n_mels,
        condition_channels=shape.condition.channels,
        denoiser=DenoiserConfig(shape.denoiser.channels, shape.denoiser.num_layers, shape.denoiser.dilation_cycle),
        num_timesteps=shape.num_timesteps,
        max_beta=shape.max_beta,
        has_log10_mel=True,
        pitch_min_hz=shape.condition.f0_min_hz,
        pitch_max_hz=shape.condition.f0_max_hz,
        uses_energy=shape.condition.uses_energy,
        legacy_layers=shape.condition.legacy_layers,
        has_single_range=shape.num_range_bins == 1,
        fills_unvoiced=True,
        vocoder=vocoder,
        vocoder_generator=generator,
    )


def public_container(weights: Mapping[str, Tensor], step: int) -> dict[str, Any]:
    """The dict that upstream saves and loads."""
    return {
        "epoch": 0,
        "global_step": step,
        "checkpoint_callback_best": None,
        "optimizer_states": [],
        "lr_schedulers": [],
        STATE: {f"{PREFIX}{name}": tensor for name, tensor in weights.items()},
    }


def public_config(model: DiffSVCConfig, features: FeaturesConfig, spec_range: tuple[Tensor, Tensor]) -> dict[str, Any]:
    """The settings that upstream reads beside a checkpoint."""
    low, high = ([round(float(value), 6) for value in bound.flatten()] for bound in spec_range)
    return {
        "audio_sample_rate": features.sample_rate,
        "audio_num_mel_bins": features.n_mels,
        "hop_size": features.hop_length,
        "fft_size": features.n_fft,
        "win_size": features.n_fft,
        "fmin": features.mel_min_hz,
        "fmax": features.mel_max_hz or features.sample_rate / 2,
        "f0_min": model.pitch_min_hz,
        "f0_max": model.pitch_max_hz,
        "f0_bin": 256,
        "hidden_size": model.condition_channels,
        "residual_channels": model.denoiser.channels,
        "residual_layers": model.denoiser.num_layers,
        "dilation_cycle_length": model.denoiser.dilation_cycle,
        "timesteps": model.num_timesteps,
        "K_step": model.num_timesteps,
        "schedule_type": "linear",
        "max_beta": model.max_beta,
        "diff_decoder_type": "wavenet",
        "diff_loss_type": "l1" if model.has_absolute_loss else "l2",
        "spec_min": low,
        "spec_max": high,
        "keep_bins": features.n_mels,
        "mel_vmin": -6.0,
        "mel_vmax": 1.5,
        "pitch_norm": "log",
        "use_pitch_embed": True,
        "use_uv": False,
        "use_spk_id": model.num_speakers > 1,
        "use_energy_embed": model.uses_energy,
        "use_vec": features.content.encoder == CONTENTVEC,
        "no_fs2": model.legacy_layers == 0,
        "vocoder": "network.vocoders.nsf_hifigan.NsfHifiGAN",
        "vocoder_ckpt": "checkpoints/nsf_hifigan/model",
    }


def as_upstream(network_weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors ready for `torch.save`, contiguous, on the CPU, in float32."""
    return {name: tensor.detach().to("cpu", torch.float32).contiguous() for name, tensor in network_weights.items()}


def _whole(config: Mapping[str, Any], name: str, default: int | None = None) -> int:
    return round(_number(config, name, default))


def _number(config: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = config.get(name, default)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(f"{CONFIG_NAME} has {name}={value!r}; expected a number. {REMEDY}") from error
    if not math.isfinite(number):
        raise CheckpointError(f"{CONFIG_NAME} has {name}={value!r}; expected a finite number. {REMEDY}")
    return number
