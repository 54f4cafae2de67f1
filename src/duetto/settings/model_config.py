"""What the configurations of all architectures have, and the parts that several of them are made of.

Pure data, as `duetto.settings.config`. Each architecture adds its own numbers in a subclass, in the `config.py` of its
room. A YAML file of the group starts from its schema (`defaults: [base_rvc]`).

A field of a `ModelConfig` is one of three kinds (`duetto.settings.kinds`). Without a mark it decides which tensors the
network has (its shape). `NOT_SHAPE` marks what training or conversion does with them, and `PATH` where weights lie.
"""

from dataclasses import asdict, dataclass, field, fields
from math import prod
from typing import Any, ClassVar

from duetto.settings.config import MISSING, DiffusionConfig, FeaturesConfig, require
from duetto.settings.kinds import KIND, NOT_SHAPE, PATH
from duetto.settings.ranges import require_within


@dataclass
class GeneratorConfig:
    """HiFi-GAN's generator with a source."""

    upsample_rates: list[int] = MISSING  # product = hop_length
    upsample_kernel_sizes: list[int] = MISSING
    upsample_initial_channel: int = MISSING
    resblock_kernel_sizes: list[int] = MISSING
    resblock_dilation_sizes: list[list[int]] = MISSING
    num_harmonics: int = 0  # overtones in the source beside the fundamental (upstream RVC 0, openvpi NSF-HiFiGAN 8)
    has_mini_source: bool = False  # PC-NSF-HiFiGAN: one clean sine after the second upsampling; vocoders only


def check_upsampling(generator: GeneratorConfig, features: FeaturesConfig) -> None:
    """Refuse a generator whose upsampling is not the hop."""
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
    adversarial_from_step: int = 0  # discriminators join here; before, mel and KL train alone (upstream: 0)

    def validate(self) -> None:
        """No loss is sought after."""
        for each in fields(self):
            require_within(f"model.loss.{each.name}", getattr(self, each.name), 0)


@dataclass
class OptimizerConfig:
    """AdamW."""

    learning_rate: float = 1e-4
    learning_rate_from_base: float = 0.0  # instead, when training starts from a base; 0 = the same
    beta_1: float = 0.8
    beta_2: float = 0.99
    epsilon: float = 1e-9
    weight_decay: float = 0.01
    decay_per_1000_steps: float = 1.0  # factor on the learning rate

    def validate(self) -> None:
        """Numbers that AdamW takes."""
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
class ModelConfig:
    """What every architecture has; each adds its own numbers in a subclass."""

    has_discriminator: ClassVar[bool] = False  # whether one is trained beside the network

    name: str = MISSING  # of an architecture (`duetto.architectures.registry`)
    size: str = MISSING  # compact | v2_40k | ...
    content_dimension: int = MISSING  # = features.content.dimension
    num_speakers: int = field(default=1, metadata=NOT_SHAPE)
    # frames of a training example; 0 = whole clips, those of like length together
    crop_frames: int = field(default=MISSING, metadata=NOT_SHAPE)
    # weights to start from: auto (ours) | none | a run's folder, .safetensors or (RVC) G_*.pth
    base: str | None = field(default=None, metadata=PATH)
    # the same for the discriminator; a folder as base brings its own
    base_discriminator: str | None = field(default=None, metadata=PATH)
    # the voice is a running mean of the weights that forgets 1 - decay a step; 0 = no mean
    ema_decay: float = field(default=0.0, metadata=NOT_SHAPE)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig, metadata=NOT_SHAPE)

    @property
    def least_frames(self) -> int:
        """Frames that a training example needs at least."""
        return 1

    @property
    def reads_diffusion(self) -> bool:
        """Whether a conversion draws its mel by diffusion, so that `diffusion` settings matter to it."""
        return False

    def validate_diffusion(self, diffusion: DiffusionConfig) -> None:
        """Refuse what a conversion with this model cannot do."""

    def validate(self, features: FeaturesConfig) -> None:
        """The content that the model reads is what the encoder gives."""
        self.optimizer.validate()
        require(
            self.content_dimension == features.content.dimension,
            f"model.content_dimension={self.content_dimension}, but the encoder gives {features.content.dimension}.",
        )
        require(0 <= self.ema_decay < 1, f"model.ema_decay={self.ema_decay}: expected 0 (off) to below 1.")
        require(self.crop_frames >= 0, f"model.crop_frames={self.crop_frames}: expected 0 (whole clips) or more.")
        require(self.num_speakers >= 1, f"model.num_speakers={self.num_speakers}: expected at least 1.")
        require(
            self.base not in (None, "auto", "none") or self.base_discriminator is None,
            "model.base_discriminator is given without base=PATH; give both or the base alone.",
        )


def shape_of(model: ModelConfig) -> dict[str, Any]:
    """The settings that decide which tensors the networks have, speakers aside."""
    shape = {each.name for each in fields(model) if KIND not in each.metadata}
    return {name: value for name, value in asdict(model).items() if name in shape}


def path_fields(schema: type[ModelConfig]) -> set[str]:
    """Names of the fields that say where weights lie."""
    return {each.name for each in fields(schema) if each.metadata == PATH}
