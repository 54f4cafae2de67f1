"""How large a synthesizer is: our configuration's numbers, or the ecosystem's shapes by name.

An ecosystem shape is named `VERSION_RATE_KIND`: v1 (256-d content) or v2 (768-d), 32k, 40k or 48k, f0 or nof0.
Numbers: upstream RVC's constructor defaults and configs (see docs/methods/rvc.md).
"""

from dataclasses import dataclass
from math import prod

from duetto.architectures.rvc.config import RVCConfig
from duetto.errors import ConfigError
from duetto.layers.generator import GeneratorShape

ECOSYSTEM_SPEAKERS = 109  # rows of the speaker table in every public model
CONTENT_DIMENSIONS = {"v1": 256, "v2": 768}
SAMPLE_RATES = {"32k": 32000, "40k": 40000, "48k": 48000}
HOP_LENGTHS = {"32k": 320, "40k": 400, "48k": 480}
FFT_LENGTHS = {"32k": 1024, "40k": 2048, "48k": 2048}
MEL_BINS = {"32k": 80, "40k": 125, "48k": 128}
SEGMENT_SAMPLES = {"v1_48k": 11520, "v2_48k": 17280}  # others:
DEFAULT_SEGMENT_SAMPLES = 12800
UPSAMPLING = {  # rates, kernel sizes
    "v1_32k": ((10, 4, 2, 2, 2), (16, 16, 4, 4, 4)),
    "v1_40k": ((10, 10, 2, 2), (16, 16, 4, 4)),
    "v1_48k": ((10, 6, 2, 2, 2), (16, 16, 4, 4, 4)),
    "v2_32k": ((10, 8, 2, 2), (20, 16, 4, 4)),
    "v2_40k": ((10, 10, 2, 2), (16, 16, 4, 4)),
    "v2_48k": ((12, 10, 2, 2), (24, 20, 4, 4)),
}
DISCRIMINATOR_PERIODS = {"v1": (2, 3, 5, 7, 11, 17), "v2": (2, 3, 5, 7, 11, 17, 23, 37)}
SHAPE_NAMES = tuple(f"{rate}_{kind}" for rate in UPSAMPLING for kind in ("f0", "nof0"))


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
    resblock_kernel_sizes: tuple[int, ...] = (3, 7, 11)
    resblock_dilation_sizes: tuple[tuple[int, ...], ...] = ((1, 3, 5),) * 3
    kernel_size: int = 3
    dropout: float = 0.0
    posterior_layers: int = 16
    flow_layers: int = 3  # WaveNet layers a coupling
    speaker_channels: int = 256
    num_speakers: int = ECOSYSTEM_SPEAKERS
    uses_f0: bool = True
    has_posterior: bool = True  # public models come without: they convert, but can be neither trained nor resynthesised
    segment_frames: int = 32
    num_harmonics: int = 0  # overtones in the source; the ecosystem's models have none

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
        )

    @classmethod
    def from_model_config(cls, model: RVCConfig, sample_rate: int, hop_length: int) -> "SynthesizerConfig":
        """The shape that a resolved `model` group asks for.

        Raises:
            ConfigError: If a rule between fields is broken.
        """
        return cls(
            sample_rate=sample_rate,
            hop_length=hop_length,
            content_dimension=model.content_dimension,
            spectrogram_channels=model.spectrogram_channels,
            inter_channels=model.inter_channels,
            hidden_channels=model.hidden_channels,
            filter_channels=model.filter_channels,
            num_heads=model.num_heads,
            num_layers=model.num_layers,
            upsample_rates=tuple(model.generator.upsample_rates),
            upsample_kernel_sizes=tuple(model.generator.upsample_kernel_sizes),
            upsample_initial_channel=model.generator.upsample_initial_channel,
            resblock_kernel_sizes=tuple(model.generator.resblock_kernel_sizes),
            resblock_dilation_sizes=tuple(tuple(sizes) for sizes in model.generator.resblock_dilation_sizes),
            kernel_size=model.kernel_size,
            dropout=model.dropout,
            posterior_layers=model.posterior_layers,
            flow_layers=model.flow_layers,
            speaker_channels=model.speaker_channels,
            num_speakers=model.num_speakers,
            uses_f0=model.uses_f0,
            has_posterior=model.has_posterior,
            segment_frames=model.segment_frames,
            num_harmonics=model.generator.num_harmonics,
        )


def ecosystem_shape(name: str, num_speakers: int = ECOSYSTEM_SPEAKERS, has_posterior: bool = True) -> SynthesizerConfig:
    """The shape that public models of this name have.

    Args:
        name: One of `SHAPE_NAMES`, for example `v2_40k_f0`.
        num_speakers: Rows of the speaker table.
        has_posterior: False for inference models.

    Raises:
        ConfigError: If the name is unknown.
    """
    if name not in SHAPE_NAMES:
        raise ConfigError(f"There is no RVC shape named {name}. Known shapes: {', '.join(SHAPE_NAMES)}.")
    version, rate, kind = name.split("_")
    upsample_rates, upsample_kernel_sizes = UPSAMPLING[f"{version}_{rate}"]
    hop_length = HOP_LENGTHS[rate]
    return SynthesizerConfig(
        sample_rate=SAMPLE_RATES[rate],
        hop_length=hop_length,
        content_dimension=CONTENT_DIMENSIONS[version],
        spectrogram_channels=FFT_LENGTHS[rate] // 2 + 1,
        inter_channels=192,
        hidden_channels=192,
        filter_channels=768,
        num_heads=2,
        num_layers=6,
        upsample_rates=upsample_rates,
        upsample_kernel_sizes=upsample_kernel_sizes,
        upsample_initial_channel=512,
        num_speakers=num_speakers,
        uses_f0=kind == "f0",
        has_posterior=has_posterior,
        segment_frames=SEGMENT_SAMPLES.get(f"{version}_{rate}", DEFAULT_SEGMENT_SAMPLES) // hop_length,
    )
