"""The schema of the `model` group: a dataclass for each architecture over what all of them have.

Pure data, as `duetto.settings.config`. A YAML file of the group starts from its schema (`defaults: [base_rvc]`).
"""

from dataclasses import dataclass, field
from math import prod
from typing import ClassVar

from duetto.settings.config import MISSING, FeaturesConfig, require


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


@dataclass
class ModelConfig:
    """What every architecture has; each adds its own numbers in a subclass."""

    name: str = MISSING  # a key of MODEL_SCHEMAS
    size: str = MISSING  # compact | v2_40k | ...
    content_dimension: int = MISSING  # = features.content.dimension
    num_speakers: int = 1
    crop_frames: int = MISSING  # frames of a training example; 0 = whole clips, those of like length together
    base: str | None = None  # weights to start from: auto (ours) | none | a run's folder, .safetensors or (RVC) G_*.pth
    base_discriminator: str | None = None  # the same for the discriminator; a folder as base brings its own
    ema_decay: float = 0.0  # the voice is a running mean of the weights that forgets 1 - decay a step; 0 = no mean
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)

    can_convert: ClassVar[bool] = True  # False: it only rebuilds what it hears

    def validate(self, features: FeaturesConfig) -> None:
        """The content that the model reads is what the encoder gives."""
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


@dataclass
class RVCConfig(ModelConfig):
    """RVC: content + pitch -> prior, flow, NSF-HiFiGAN (VITS)."""

    spectrogram_channels: int = MISSING  # n_fft // 2 + 1
    inter_channels: int = MISSING  # latent width
    hidden_channels: int = MISSING
    filter_channels: int = MISSING
    num_heads: int = MISSING
    num_layers: int = MISSING
    kernel_size: int = 3
    dropout: float = 0.0
    posterior_layers: int = 16
    flow_layers: int = 3  # WaveNet layers a coupling
    speaker_channels: int = MISSING
    uses_f0: bool = True
    has_posterior: bool = True  # False: as public models come, able to convert but not to be trained on
    segment_frames: int = MISSING  # frames of waveform trained at once
    noise_scale: float = 0.66666  # prior temperature at conversion
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    loss: LossConfig = field(default_factory=LossConfig)

    def validate(self, features: FeaturesConfig) -> None:
        """The generator's upsampling is the hop; the segment fits into the crop."""
        super().validate(features)
        check_upsampling(self.generator, features)
        require(
            self.spectrogram_channels == features.n_fft // 2 + 1,
            f"model.spectrogram_channels={self.spectrogram_channels}: n_fft={features.n_fft} needs n_fft // 2 + 1.",
        )
        require(
            self.crop_frames == 0 or self.segment_frames <= self.crop_frames,
            f"model.segment_frames={self.segment_frames} is longer than crop_frames={self.crop_frames}.",
        )
        require(
            self.hidden_channels % self.num_heads == 0,
            f"model.hidden_channels={self.hidden_channels} is not divisible by num_heads={self.num_heads}.",
        )


@dataclass
class VocoderConfig(ModelConfig):
    """NSF-HiFiGAN by itself: mel and melody to a waveform."""

    can_convert: ClassVar[bool] = False

    n_mels: int = MISSING  # = features.n_mels
    segment_frames: int = MISSING  # frames of waveform trained at once; a training example is one segment
    mel_scales: list[int] = field(default_factory=lambda: [1024])  # windows of the mel loss, samples
    gain_db: float = 0.0  # training: level moved by up to so much either way; 0 = off
    equaliser_db: float = 0.0  # training: spread of a random smooth filter; 0 = off
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    loss: LossConfig = field(default_factory=LossConfig)  # kl is not used

    def validate(self, features: FeaturesConfig) -> None:
        """The generator's upsampling is the hop, its input the mel."""
        super().validate(features)
        check_upsampling(self.generator, features)
        require(
            self.n_mels == features.n_mels,
            f"model.n_mels={self.n_mels}, but features.n_mels is {features.n_mels}.",
        )
        require(bool(self.mel_scales), "model.mel_scales is empty: the mel loss needs at least one window.")
        for name in ("gain_db", "equaliser_db"):
            require(getattr(self, name) >= 0, f"model.{name}={getattr(self, name):g} must be 0 (off) or more dB.")


@dataclass
class DenoiserConfig:
    """The WaveNet that predicts noise."""

    channels: int = MISSING  # even
    num_layers: int = MISSING
    dilation_cycle: int = 4  # dilations 1, 2, 4, 8, 1, ...


@dataclass
class DiffSVCConfig(ModelConfig):
    """Diff-SVC: content + pitch -> mel by denoising diffusion, then a vocoder."""

    n_mels: int = MISSING  # = features.n_mels
    condition_channels: int = MISSING
    denoiser: DenoiserConfig = field(default_factory=DenoiserConfig)
    num_timesteps: int = 1000
    max_beta: float = 0.02  # of the linear noise schedule
    has_log10_mel: bool = False  # the mel's logarithm: 10 as upstream, or natural
    pitch_min_hz: float = 50.0  # the pitch table's lowest class
    pitch_max_hz: float = 1100.0
    has_continuous_pitch: bool = False  # log f0 through a linear layer instead of the table
    uses_energy: bool = False  # a loudness table (upstream's use_energy_embed)
    legacy_layers: int = 0  # transformer layers over the content, in checkpoints before 2022-11-28; 0 = none
    has_single_range: bool = False  # the mel's range is one for all bins (upstream's placeholder), else one for each
    fills_unvoiced: bool = False  # the melody runs on through unvoiced frames, as public checkpoints were trained
    has_absolute_loss: bool = False  # L1 instead of upstream's L2
    max_gradient_norm: float = 1.0
    noise_scale: float = 1.0  # spread of the noise that a conversion begins with; below 1 nearer the mean (upstream: 1)
    key_shift_semitones: float = 0.0  # training: spectra shifted by up to so much either way, pitch with them; 0 = off
    gain_db: float = 0.0  # training: level moved by up to so much either way; 0 = off
    vocoder: str = "auto"  # auto = the one that ships for these features | a run's folder | a foreign model file
    vocoder_generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    vocoder_steps: int = 0  # trained on the target first, in a quarter of the minutes at most; 0 = it stays as it is

    def validate(self, features: FeaturesConfig) -> None:
        """Mel, pitch table and vocoder fit the features."""
        super().validate(features)
        require(self.vocoder_steps >= 0, f"model.vocoder_steps={self.vocoder_steps}: expected 0 (none) or more.")
        check_upsampling(self.vocoder_generator, features)
        require(
            self.n_mels == features.n_mels,
            f"model.n_mels={self.n_mels}, but features.n_mels is {features.n_mels}.",
        )
        require(0 <= self.noise_scale <= 2, f"model.noise_scale={self.noise_scale}: expected 0 to 2 (as trained: 1).")
        require(self.max_gradient_norm > 0, f"model.max_gradient_norm={self.max_gradient_norm}: expected above 0.")
        for name in ("key_shift_semitones", "gain_db"):
            require(getattr(self, name) >= 0, f"model.{name}={getattr(self, name)}: expected 0 (off) or more.")


MODEL_SCHEMAS: dict[str, type[ModelConfig]] = {
    "rvc": RVCConfig,
    "diffsvc": DiffSVCConfig,
    "vocoder": VocoderConfig,
}
