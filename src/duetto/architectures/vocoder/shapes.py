"""Sizes of a vocoder: from a third-party `config.json`, or our own.

Reference: the config.json beside openvpi's NSF-HiFiGAN and PC-NSF-HiFiGAN weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from duetto.errors import CheckpointError, ConfigError
from duetto.layers.generator import GeneratorShape

NUM_HARMONICS = 8  # overtones beside the fundamental, fixed in every NSF-HiFiGAN
MINI_SOURCE_STAGE = 1  # PC-NSF-HiFiGAN adds its sine after the second upsampling
REQUIRED_FIELDS = (
    "sampling_rate",
    "num_mels",
    "upsample_rates",
    "upsample_kernel_sizes",
    "upsample_initial_channel",
    "resblock_kernel_sizes",
    "resblock_dilation_sizes",
)


@dataclass(frozen=True)
class VocoderShape:
    """Everything that fixes a vocoder's tensors. Its input is a natural-log mel."""

    sample_rate: int  # Hz
    generator: GeneratorShape  # input_channels = mel bins
    num_harmonics: int = NUM_HARMONICS
    has_mini_source: bool = False  # PC-NSF-HiFiGAN: one clean sine, at the rate after the second upsampling

    def __post_init__(self) -> None:
        """Refuse sources that do not fit the generator.

        Raises:
            ConfigError: If a rule between fields is broken.
        """
        if self.has_mini_source and len(self.generator.upsample_rates) <= MINI_SOURCE_STAGE:
            raise ConfigError("A PC-NSF-HiFiGAN needs two upsampling stages or more.")

    @property
    def hop_length(self) -> int:
        """Samples per mel frame."""
        return self.generator.hop_length


def vocoder_generator(
    n_mels: int,
    initial_channels: int,
    upsample_rates: tuple[int, ...],
    upsample_kernel_sizes: tuple[int, ...],
    resblock_kernel_sizes: tuple[int, ...],
    resblock_dilation_sizes: tuple[tuple[int, ...], ...],
) -> GeneratorShape:
    """HiFi-GAN as vocoders have it: edges weight-normalised, last convolution with a bias."""
    return GeneratorShape(
        input_channels=n_mels,
        initial_channels=initial_channels,
        upsample_rates=upsample_rates,
        upsample_kernel_sizes=upsample_kernel_sizes,
        resblock_kernel_sizes=resblock_kernel_sizes,
        resblock_dilation_sizes=resblock_dilation_sizes,
        has_weight_normalised_edges=True,
        has_output_bias=True,
    )


OPENVPI_44K = VocoderShape(
    44100, vocoder_generator(128, 512, (8, 8, 2, 2, 2), (16, 16, 4, 4, 4), (3, 7, 11), ((1, 3, 5),) * 3)
)
OPENVPI_44K_PC = VocoderShape(44100, OPENVPI_44K.generator, has_mini_source=True)


def shape_from_config(config: Mapping[str, Any]) -> VocoderShape:
    """The shape that a vocoder's `config.json` describes; training fields may be absent.

    Raises:
        CheckpointError: If a field is missing, of another type, or asks for a block that no published vocoder uses.
        ConfigError: If the numbers contradict each other.
    """
    missing = [name for name in REQUIRED_FIELDS if name not in config]
    if missing:
        raise CheckpointError(
            f"The vocoder's config.json lacks {', '.join(missing)}. Put the one it came with beside it."
        )
    if str(config.get("resblock", "1")) != "1":
        raise CheckpointError(f"The vocoder's config.json asks for resblock {config['resblock']}; only 1 is known.")
    try:
        generator = vocoder_generator(
            int(config["num_mels"]),
            int(config["upsample_initial_channel"]),
            _integers(config["upsample_rates"]),
            _integers(config["upsample_kernel_sizes"]),
            _integers(config["resblock_kernel_sizes"]),
            tuple(_integers(sizes) for sizes in config["resblock_dilation_sizes"]),
        )
        shape = VocoderShape(
            int(config["sampling_rate"]),
            generator,
            int(config.get("harmonic_num", NUM_HARMONICS)),
            bool(config.get("mini_nsf", False)),
        )
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"The vocoder's config.json holds a field of another type: {error}.") from error
    _require_whole_samples(shape, config)
    return shape


def _integers(values: list[Any]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)


def _require_whole_samples(shape: VocoderShape, config: Mapping[str, Any]) -> None:
    generator = shape.generator
    hop_length = config.get("hop_size", shape.hop_length)
    if hop_length != shape.hop_length:
        raise CheckpointError(
            f"The vocoder's config.json says hop_size {hop_length}, but its upsample_rates multiply to "
            f"{shape.hop_length}."
        )
    if len(generator.upsample_rates) != len(generator.upsample_kernel_sizes) or len(
        generator.resblock_kernel_sizes
    ) != len(generator.resblock_dilation_sizes):
        raise CheckpointError(
            "The vocoder's config.json has lists of rates, kernels and dilations that differ in length."
        )
    if min(generator.upsample_rates + generator.upsample_kernel_sizes + generator.resblock_kernel_sizes) < 1:
        raise CheckpointError("The vocoder's config.json has a rate or kernel below 1.")
