"""The schema of `model=rvc`. Pure data, as `duetto.settings.model_config`."""

from dataclasses import dataclass, field
from typing import ClassVar

from duetto.settings.config import MISSING, FeaturesConfig, require
from duetto.settings.kinds import NOT_SHAPE, PATH
from duetto.settings.model_config import (
    AuxiliaryConfig,
    DiscriminatorConfig,
    GeneratorConfig,
    LossConfig,
    ModelConfig,
    check_upsampling,
)
from duetto.settings.ranges import one_of, require_within

PUBLIC_SIZES = ("v1_32k", "v1_40k", "v1_48k", "v2_32k", "v2_40k", "v2_48k")  # that public tools pretrain
PUBLIC_WIDTHS = {"v1": 256, "v2": 768}  # of the content that they read


def hub_pair(model: "RVCConfig") -> tuple[str, str]:
    """Names of the public pretrained generator and discriminator of a size.

    Raises:
        ConfigError: If there are none.
    """
    require(
        model.size in PUBLIC_SIZES and model.uses_f0,
        f"base=hub: there is no public pair for model/size={model.size}{'' if model.uses_f0 else ' without pitch'}. "
        f"Choose model/size of {one_of(PUBLIC_SIZES)}, with model.uses_f0=true, or another base.",
    )
    width = PUBLIC_WIDTHS[model.size.partition("_")[0]]
    require(
        model.content_dimension == width,
        f"base=hub: the pair of model/size={model.size} reads content {width} wide, but features.content gives "
        f"{model.content_dimension}. Write features=contentvec_{width} features.content.path=hub.",
    )
    return f"rvc_{model.size}_generator", f"rvc_{model.size}_discriminator"


@dataclass
class RVCConfig(ModelConfig):
    """RVC: content + pitch -> prior, flow, NSF-HiFiGAN (VITS)."""

    has_discriminator: ClassVar[bool] = True

    spectrogram_channels: int = MISSING  # n_fft // 2 + 1
    inter_channels: int = MISSING  # latent width
    hidden_channels: int = MISSING
    filter_channels: int = MISSING
    num_heads: int = MISSING
    num_layers: int = MISSING
    kernel_size: int = 3
    dropout: float = field(default=0.0, metadata=NOT_SHAPE)
    posterior_layers: int = 16
    flow_layers: int = 3  # WaveNet layers per coupling
    speaker_channels: int = MISSING
    uses_f0: bool = True
    # the latent is the mel, standardised for each singer, and an auxiliary decoder its prior (`mel_latent.py`)
    has_mel_latent: bool = False
    auxiliary: AuxiliaryConfig = field(default_factory=AuxiliaryConfig)
    # training from pretrained weights: the auxiliary decoder learns too; False: only mean and spread of the voice
    trains_auxiliary: bool = field(default=True, metadata=NOT_SHAPE)
    has_posterior: bool = True  # False: like public models, which convert but cannot be trained further
    segment_frames: int = field(default=MISSING, metadata=NOT_SHAPE)  # frames of waveform trained at once
    noise_scale: float = field(default=0.66666, metadata=NOT_SHAPE)  # prior temperature at conversion
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    # with has_mel_latent, the vocoder that the generator starts as without a base: auto | a run's folder; null = none
    generator_vocoder: str | None = field(default=None, metadata=PATH)
    # training: keep the generator free of a comb at the frame rate (`duetto.layers.phase_balance`)
    balances_upsampling: bool = field(default=False, metadata=NOT_SHAPE)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    loss: LossConfig = field(default_factory=LossConfig, metadata=NOT_SHAPE)

    @property
    def least_frames(self) -> int:
        """A whole segment."""
        return self.segment_frames

    def validate(self, features: FeaturesConfig) -> None:
        """Require that the generator upsamples by the hop, and that the segment fits into the crop."""
        super().validate(features)
        self.loss.validate()
        require(0 <= self.dropout < 1, f"model.dropout={self.dropout:g}: expected 0 to below 1.")
        require_within("model.noise_scale", self.noise_scale, 0, 2)
        require_within("model.segment_frames", self.segment_frames, 1)
        require_within("model.num_heads", self.num_heads, 1)
        check_upsampling(self.generator, features)
        require(
            self.spectrogram_channels == features.n_fft // 2 + 1,
            f"model.spectrogram_channels={self.spectrogram_channels}: n_fft={features.n_fft} needs n_fft // 2 + 1.",
        )
        require(
            not self.has_mel_latent or self.inter_channels == features.n_mels,
            f"model.has_mel_latent: a latent of {self.inter_channels} channels (model.inter_channels), but a mel has "
            f"{features.n_mels} bins (features.n_mels). Make them equal.",
        )
        self.auxiliary.validate()
        require(
            not self.auxiliary.num_layers or self.has_mel_latent,
            "model.auxiliary: the decoder predicts a mel; set model.has_mel_latent=true or leave it out.",
        )
        require(
            self.uses_f0 or not self.has_mel_latent,
            "model.has_mel_latent: its decoder reads the pitch. Set model.uses_f0=true, or a latent as upstream's: "
            "model.has_mel_latent=false model.generator_vocoder=null model.auxiliary.num_layers=0.",
        )
        require(
            self.generator_vocoder is None or self.has_mel_latent,
            "model.generator_vocoder: a vocoder reads a mel; set model.has_mel_latent=true or leave it out.",
        )
        require(
            self.crop_frames == 0 or self.segment_frames <= self.crop_frames,
            f"model.segment_frames={self.segment_frames} is longer than crop_frames={self.crop_frames}.",
        )
        require(
            self.hidden_channels % self.num_heads == 0,
            f"model.hidden_channels={self.hidden_channels} is not divisible by num_heads={self.num_heads}.",
        )
