"""Sizes of a Diff-SVC model: our own, or the two shapes that upstream publishes.

`44k` and `24k` are upstream's training/config_nsf.yaml and training/config.yaml (docs/methods/diffsvc.md).
"""

from dataclasses import dataclass

from duetto.errors import ConfigError

SHAPE_NAMES = ("44k", "24k")


@dataclass(frozen=True)
class DenoiserShape:
    """Size of the noise predictor."""

    n_mels: int
    condition_channels: int  # H
    channels: int  # C, even
    num_layers: int
    dilation_cycle: int = 4  # dilations 1, 2, 4, 8, 1, ...


@dataclass(frozen=True)
class ConditionShape:
    """Size of the condition encoder: content, melody and, optionally, loudness and speaker."""

    content_dimension: int  # D; projected to `channels` if it differs
    channels: int = 256  # H
    f0_min_hz: float = 40.0  # the pitch table spans f0_min_hz..f0_max_hz; notes beyond share its end rows
    f0_max_hz: float = 1100.0
    has_continuous_pitch: bool = False  # log f0 and voicing through a linear layer, no table
    uses_energy: bool = False
    num_speakers: int = 0  # rows of the speaker table; 0 = none
    legacy_layers: int = 0  # transformer layers over the content; 0 = none


@dataclass(frozen=True)
class DiffSVCShape:
    """Everything that fixes a model's tensors."""

    denoiser: DenoiserShape
    condition: ConditionShape
    num_timesteps: int = 1000
    max_beta: float = 0.02
    num_range_bins: int = 1  # mels are normalised by one range for all bins (1) or one per bin (n_mels)

    def __post_init__(self) -> None:
        """Refuse numbers that contradict each other.

        Raises:
            ConfigError: If a rule between fields is broken.
        """
        if self.denoiser.condition_channels != self.condition.channels:
            raise ConfigError(
                f"The condition encoder gives {self.condition.channels} channels, but the denoiser reads "
                f"{self.denoiser.condition_channels}; give both the same number."
            )
        if self.denoiser.channels % 2 or self.condition.channels % 2:
            raise ConfigError("Denoiser and condition need an even number of channels.")
        if self.num_range_bins not in (1, self.denoiser.n_mels):
            raise ConfigError(
                f"The mel range has {self.num_range_bins} bins; expected 1 or one for each of {self.denoiser.n_mels}."
            )
        if self.num_timesteps < 2 or not 1e-4 < self.max_beta < 1:
            raise ConfigError("A diffusion needs 2 timesteps or more, and max_beta between 1e-4 and 1.")
        if not 0 < self.condition.f0_min_hz < self.condition.f0_max_hz:
            raise ConfigError("The pitch table needs 0 < f0_min_hz < f0_max_hz.")
        if self.condition.legacy_layers and self.condition.content_dimension != self.condition.channels:
            raise ConfigError("The legacy content encoder reads content as wide as the condition.")


def published_shape(name: str) -> DiffSVCShape:
    """The shape of upstream's checkpoints with this name.

    Raises:
        ConfigError: If the name is unknown.
    """
    if name == "44k":
        return DiffSVCShape(DenoiserShape(128, 256, 384, 20), ConditionShape(256))
    if name == "24k":
        return DiffSVCShape(DenoiserShape(80, 256, 256, 20), ConditionShape(256, f0_min_hz=50.0), num_range_bins=80)
    raise ConfigError(f"There is no Diff-SVC shape named {name}. Known shapes: {', '.join(SHAPE_NAMES)}.")
