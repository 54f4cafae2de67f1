"""The fields that all architectures share, and the parts that several of them use.

Pure data, as in `duetto.settings.config`. Each architecture adds its fields in a subclass, in the `config.py` of its
folder. A YAML file of the group starts from its schema (`defaults: [base_rvc]`).

A field of a `ModelConfig` has one of three kinds (`duetto.settings.kinds`). Without a mark it decides which tensors the
network has (its shape). `NOT_SHAPE` marks fields that affect only training or conversion, `PATH` paths of weights.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from math import prod
from typing import Any, ClassVar

from duetto.settings.config import MISSING, DiffusionConfig, FeaturesConfig, require
from duetto.settings.kinds import KIND, NOT_SHAPE, PATH
from duetto.settings.ranges import require_within


@dataclass
class GeneratorConfig:
    """HiFi-GAN's generator with a harmonic source."""

    upsample_rates: list[int] = MISSING  # product = hop_length
    upsample_kernel_sizes: list[int] = MISSING
    upsample_initial_channel: int = MISSING
    resblock_kernel_sizes: list[int] = MISSING
    resblock_dilation_sizes: list[list[int]] = MISSING
    num_harmonics: int = 0  # overtones in the source besides the fundamental (upstream RVC 0, openvpi NSF-HiFiGAN 8)
    has_mini_source: bool = False  # PC-NSF-HiFiGAN: one clean sine after the second upsampling; vocoders only


def check_upsampling(generator: GeneratorConfig, features: FeaturesConfig) -> None:
    """Refuse a generator whose upsampling rates do not multiply to the hop length, or whose kernels do not fit."""
    product = prod(generator.upsample_rates)
    require(
        product == features.hop_length,
        f"model.generator.upsample_rates multiply to {product}, but features.hop_length is {features.hop_length}.",
    )
    rates, kernels = generator.upsample_rates, generator.upsample_kernel_sizes
    require(
        len(rates) == len(kernels),
        f"model.generator: expected as many upsample_kernel_sizes as upsample_rates, not {kernels} and {rates}.",
    )
    for rate, kernel in zip(rates, kernels, strict=True):
        require(
            kernel >= rate and (kernel - rate) % 2 == 0,
            f"model.generator: a kernel of {kernel} does not fit an upsampling by {rate}; their difference has to be "
            f"even and not negative, as with a kernel of {3 * rate if rate % 2 else 2 * rate}.",
        )
    sizes, dilations = generator.resblock_kernel_sizes, generator.resblock_dilation_sizes
    require(
        len(sizes) == len(dilations) and all(size % 2 for size in sizes),
        f"model.generator.resblock_kernel_sizes={sizes}: expected odd sizes, one for each of resblock_dilation_sizes.",
    )


@dataclass
class DiscriminatorConfig:
    """Scale and period discriminators; `width` scales every channel count (1.0 = upstream)."""

    periods: list[int] = MISSING
    width: float = 1.0


@dataclass
class LossConfig:
    """Weights of the generator's losses (upstream RVC: 45, 1, 2, 1)."""

    mel: float = 45.0
    kl: float = 1.0
    feature_matching: float = 2.0
    adversarial: float = 1.0
    adversarial_from_step: int = 0  # discriminators start here; before, only mel and KL losses train (upstream: 0)

    def validate(self) -> None:
        """Check that no weight is negative, which would reward the loss."""
        for each in fields(self):
            require_within(f"model.loss.{each.name}", getattr(self, each.name), 0)


@dataclass
class OptimizerConfig:
    """AdamW."""

    learning_rate: float = 1e-4
    learning_rate_from_base: float = 0.0  # used instead if training starts from pretrained weights; 0 = the same
    beta_1: float = 0.8
    beta_2: float = 0.99
    epsilon: float = 1e-9
    weight_decay: float = 0.01
    decay_per_1000_steps: float = 1.0  # factor on the learning rate

    def validate(self) -> None:
        """Check the ranges that AdamW accepts."""
        rate, decay = self.learning_rate, self.decay_per_1000_steps
        require(0 < rate <= 1, f"model.optimizer.learning_rate={rate:g}: expected above 0, at most 1.")
        require_within("model.optimizer.learning_rate_from_base", self.learning_rate_from_base, 0, 1)
        for name in ("beta_1", "beta_2"):
            require(
                0 <= getattr(self, name) < 1, f"model.optimizer.{name}={getattr(self, name):g}: expected 0 to below 1."
            )
        require(self.epsilon > 0, f"model.optimizer.epsilon={self.epsilon:g}: expected above 0.")
        require_within("model.optimizer.weight_decay", self.weight_decay, 0)
        require(0 < decay <= 1, f"model.optimizer.decay_per_1000_steps={decay:g}: expected above 0, at most 1.")


@dataclass
class AuxiliaryConfig:
    """The decoder that predicts a mel in one pass (`duetto.layers.auxiliary_decoder`)."""

    num_layers: int = 0  # 0 = none (Diff-SVC), or the linear map alone (RVC with has_mel_latent)
    channels: int = 192

    def validate(self) -> None:
        """Check the sizes."""
        require_within("model.auxiliary.num_layers", self.num_layers, 0)
        require_within("model.auxiliary.channels", self.channels, 1)


@dataclass
class ModelConfig:
    """The fields of every architecture; each adds its own in a subclass."""

    has_discriminator: ClassVar[bool] = False  # whether one is trained beside the network

    name: str = MISSING  # of an architecture (`duetto.architectures.registry`)
    size: str = MISSING  # compact | v2_40k | ...
    content_dimension: int = MISSING  # = features.content.dimension
    num_speakers: int = field(default=1, metadata=NOT_SHAPE)
    # frames of a training example; 0 = whole clips, batched by similar length
    crop_frames: int = field(default=MISSING, metadata=NOT_SHAPE)
    # share of examples whose content is that of another singer's clip with the same words, timing and pitch
    parallel_share: float = field(default=0.0, metadata=NOT_SHAPE)
    # weights to start from: auto (ours) | none | a run's folder, .safetensors or (RVC) G_*.pth
    base: str | None = field(default=None, metadata=PATH)
    # the same for the discriminator; a folder as base includes its own
    base_discriminator: str | None = field(default=None, metadata=PATH)
    # names of the network's parts that are trained, such as generator or denoiser.layers; empty = all
    trained_parts: list[str] = field(default_factory=list, metadata=NOT_SHAPE)
    # the voice is an exponential moving average of the weights with this decay per step; 0 = no average
    ema_decay: float = field(default=0.0, metadata=NOT_SHAPE)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig, metadata=NOT_SHAPE)

    @property
    def least_frames(self) -> int:
        """Minimum number of frames of a training example."""
        return 1

    @property
    def reads_diffusion(self) -> bool:
        """Whether a conversion samples its mel by diffusion, so that the `diffusion` settings apply."""
        return False

    def validate_diffusion(self, diffusion: DiffusionConfig) -> None:
        """Refuse diffusion settings that this model does not support."""

    def validate(self, features: FeaturesConfig) -> None:
        """Check the ranges, and that the model's content dimension is the encoder's."""
        self.optimizer.validate()
        require(
            self.content_dimension == features.content.dimension,
            f"model.content_dimension={self.content_dimension}, but the encoder has {features.content.dimension}.",
        )
        require(0 <= self.ema_decay < 1, f"model.ema_decay={self.ema_decay}: expected 0 (off) to below 1.")
        require(self.crop_frames >= 0, f"model.crop_frames={self.crop_frames}: expected 0 (whole clips) or more.")
        require_within("model.parallel_share", self.parallel_share, 0, 1)
        require(self.num_speakers >= 1, f"model.num_speakers={self.num_speakers}: expected at least 1.")
        require(
            self.base not in (None, "auto", "none") or self.base_discriminator is None,
            "model.base_discriminator is given without base=PATH; give both, or only the base.",
        )


def shape_of(model: ModelConfig) -> dict[str, Any]:
    """The settings that decide which tensors the networks have, except for the number of speakers."""
    shape = {each.name for each in fields(model) if KIND not in each.metadata}
    return {name: value for name, value in asdict(model).items() if name in shape}


def has_shape(model: ModelConfig, recorded: Mapping[str, Any]) -> bool:
    """Whether a shape that was recorded is that of `model`; a setting that is younger than it had its default."""
    wanted = shape_of(model)
    younger = {each.name: _default(each) for each in fields(model) if each.name not in recorded}
    return wanted == {name: younger.get(name, recorded.get(name)) for name in wanted}


def _default(setting: "dataclasses.Field[Any]") -> Any:
    """The default of a setting as `asdict` gives it; None if it has none."""
    if setting.default_factory is not dataclasses.MISSING:
        made = setting.default_factory()
        return asdict(made) if dataclasses.is_dataclass(made) and not isinstance(made, type) else made
    return None if setting.default is dataclasses.MISSING else setting.default


def path_fields(schema: type[ModelConfig]) -> set[str]:
    """Names of the fields that hold paths of weights."""
    return {each.name for each in fields(schema) if each.metadata == PATH}
