"""Sizes of a synthesizer: from our configuration, or a public shape by name.

An ecosystem shape is named `VERSION_RATE_KIND`: v1 (256-d content) or v2 (768-d), 32k, 40k or 48k, f0 or nof0.
Numbers: upstream RVC's constructor defaults and configs (see docs/methods/rvc.md).
"""

from dataclasses import dataclass, fields, replace
from functools import cache
from math import prod
from typing import Any

from duetto.architectures.rvc.config import PUBLIC_WIDTHS, RVCConfig
from duetto.errors import ConfigError
from duetto.layers.generator import GeneratorShape
from duetto.settings.conf_files import read_shape
from duetto.settings.config import FeaturesConfig, from_dict

CONTENT_DIMENSIONS = PUBLIC_WIDTHS
SAMPLE_RATES = {"32k": 32000, "40k": 40000, "48k": 48000}
SHAPE_NAMES = tuple(
    f"{version}_{rate}_{kind}" for version in CONTENT_DIMENSIONS for rate in SAMPLE_RATES for kind in ("f0", "nof0")
)


@dataclass(frozen=True)
class MelBand:
    """Bins of a mel spectrogram."""

    n_mels: int
    min_hz: float
    max_hz: float | None  # None = Nyquist


@dataclass(frozen=True)
class SynthesizerConfig:
    """Everything that fixes the synthesizer's tensors."""

    sample_rate: int  # Hz
    hop_length: int  # samples a frame
    content_dimension: int
    spectrogram_channels: int  # n_fft // 2 + 1
    inter_channels: int  # latent width, even
    hidden_channels: int
    filter_channels: int
    num_heads: int
    num_layers: int
    upsample_rates: tuple[int, ...]  # product = hop_length
    upsample_kernel_sizes: tuple[int, ...]
    upsample_initial_channel: int
    resblock_kernel_sizes: tuple[int, ...]
    resblock_dilation_sizes: tuple[tuple[int, ...], ...]
    kernel_size: int
    dropout: float
    posterior_layers: int
    flow_layers: int  # WaveNet layers per coupling
    speaker_channels: int
    num_speakers: int
    uses_f0: bool
    has_posterior: bool  # public models have none: they convert, but support neither training nor copy synthesis
    segment_frames: int
    num_harmonics: int  # overtones in the source; public models have none
    mel: MelBand | None = None  # of a latent that is a mel (`mel_latent.py`); public models have none
    auxiliary_layers: int = 0  # of the decoder that predicts such a latent
    auxiliary_channels: int = 0

    def __post_init__(self) -> None:
        """Refuse shapes that would lose or invent samples.

        Raises:
            ConfigError: If a rule between fields is broken.
        """
        if prod(self.upsample_rates) != self.hop_length:
            raise ConfigError(f"upsample_rates {self.upsample_rates} do not multiply to hop_length {self.hop_length}.")
        if self.inter_channels % 2:
            raise ConfigError(f"inter_channels is {self.inter_channels}; the flow splits it in two, give an even one.")
        if len(self.upsample_rates) != len(self.upsample_kernel_sizes):
            raise ConfigError("upsample_rates and upsample_kernel_sizes differ in length; give one kernel a rate.")
        if any(
            (kernel - rate) % 2 for rate, kernel in zip(self.upsample_rates, self.upsample_kernel_sizes, strict=True)
        ):
            raise ConfigError("An upsample kernel minus its rate is odd; give kernels that differ by an even number.")
        if len(self.resblock_kernel_sizes) != len(self.resblock_dilation_sizes):
            raise ConfigError("resblock_kernel_sizes and resblock_dilation_sizes differ in length.")
        if self.mel is not None and self.mel.n_mels != self.inter_channels:
            raise ConfigError(f"A latent of {self.inter_channels} channels is no mel of {self.mel.n_mels} bins.")

    @property
    def generator(self) -> GeneratorShape:
        """Size of the waveform generator."""
        return GeneratorShape(
            input_channels=self.inter_channels,
            initial_channels=self.upsample_initial_channel,
            upsample_rates=self.upsample_rates,
            upsample_kernel_sizes=self.upsample_kernel_sizes,
            resblock_kernel_sizes=self.resblock_kernel_sizes,
            resblock_dilation_sizes=self.resblock_dilation_sizes,
            speaker_channels=self.speaker_channels,
            has_output_bias=self.mel is not None,  # as a vocoder
        )

    @classmethod
    def from_model_config(cls, model: RVCConfig, features: FeaturesConfig) -> "SynthesizerConfig":
        """The shape that a resolved `model` group asks for.

        Raises:
            ConfigError: If a rule between fields is broken.
        """
        band = MelBand(features.n_mels, features.mel_min_hz, features.mel_max_hz) if model.has_mel_latent else None
        grid = {"sample_rate": features.sample_rate, "hop_length": features.hop_length, "mel": band}
        size = {"auxiliary_layers": model.auxiliary.num_layers, "auxiliary_channels": model.auxiliary.channels}
        known = vars(model.generator) | vars(model) | grid | size  # their fields have the names of ours
        return cls(**{each.name: _frozen(known[each.name]) for each in fields(cls)})


@dataclass(frozen=True)
class EcosystemSettings:
    """A public shape in terms of our settings, without its content encoder."""

    features: FeaturesConfig
    model: RVCConfig


def ecosystem_settings(name: str) -> EcosystemSettings:
    """The settings of public models with this name, from conf/shape.

    Args:
        name: One of `SHAPE_NAMES`, for example `v2_40k_f0`.

    Raises:
        ConfigError: If the name is unknown.
    """
    if name not in SHAPE_NAMES:
        raise ConfigError(f"There is no RVC shape named {name}. Known shapes: {', '.join(SHAPE_NAMES)}.")
    version, rate, kind = name.split("_")
    values = read_shape(f"rvc_{version}_{rate}")
    own = {"name": "rvc", "content_dimension": CONTENT_DIMENSIONS[version], "uses_f0": kind == "f0"}
    return EcosystemSettings(from_dict(FeaturesConfig, values["features"]), from_dict(RVCConfig, values["model"] | own))


def ecosystem_shape(name: str, num_speakers: int | None = None, has_posterior: bool = True) -> SynthesizerConfig:
    """The shape of public models with this name.

    Args:
        name: One of `SHAPE_NAMES`, for example `v2_40k_f0`.
        num_speakers: Rows of the speaker table; None = as many as the ecosystem's models are trained with.
        has_posterior: False for inference models.

    Raises:
        ConfigError: If the name is unknown.
    """
    shape = _ecosystem_shape(name)
    speakers = shape.num_speakers if num_speakers is None else num_speakers
    return replace(shape, num_speakers=speakers, has_posterior=has_posterior)


@cache
def discriminator_periods(version: str) -> tuple[int, ...]:
    """Periods of the discriminators that a version (v1, v2) is trained with, in samples."""
    return tuple(ecosystem_settings(f"{version}_40k_f0").model.discriminator.periods)


@cache
def _ecosystem_shape(name: str) -> SynthesizerConfig:
    known = ecosystem_settings(name)
    return SynthesizerConfig.from_model_config(known.model, known.features)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(each) for each in value) if isinstance(value, list | tuple) else value
