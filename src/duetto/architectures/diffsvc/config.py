"""The schema of `model=diffsvc`. Pure data, as `duetto.settings.model_config`."""

from dataclasses import dataclass, field

from duetto.settings.config import MISSING, DiffusionConfig, FeaturesConfig, require
from duetto.settings.kinds import NOT_SHAPE, PATH
from duetto.settings.model_config import AuxiliaryConfig, GeneratorConfig, ModelConfig, check_upsampling
from duetto.settings.ranges import require_within


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
    has_single_range: bool = False  # one mel range for all bins (upstream's placeholder) instead of one per bin
    auxiliary: AuxiliaryConfig = field(default_factory=AuxiliaryConfig)
    # training from pretrained weights: the auxiliary decoder learns too; False: only mean and spread of the voice
    trains_auxiliary: bool = field(default=True, metadata=NOT_SHAPE)
    # training from pretrained weights: the mel range is that of the training set instead of theirs
    measures_range: bool = field(default=False, metadata=NOT_SHAPE)
    # f0 is interpolated through unvoiced frames, as public checkpoints were trained
    fills_unvoiced: bool = field(default=False, metadata=NOT_SHAPE)
    has_absolute_loss: bool = field(default=False, metadata=NOT_SHAPE)  # L1 instead of upstream's L2
    max_gradient_norm: float = field(default=1.0, metadata=NOT_SHAPE)
    # standard deviation of a conversion's initial noise; below 1 = nearer to the mean (upstream: 1)
    noise_scale: float = field(default=1.0, metadata=NOT_SHAPE)
    # training: spectra and pitch shifted by up to this much up or down; 0 = off
    key_shift_semitones: float = field(default=0.0, metadata=NOT_SHAPE)
    # training: level moved by up to so much either way; 0 = off
    gain_db: float = field(default=0.0, metadata=NOT_SHAPE)
    # auto = the one that ships for these features | a run's folder | a foreign model file
    vocoder: str = field(default="auto", metadata=PATH)
    vocoder_generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    # vocoder fine-tuning before training, in at most a quarter of the minutes; 0 = none
    vocoder_steps: int = field(default=0, metadata=NOT_SHAPE)

    @property
    def reads_diffusion(self) -> bool:
        """True: Diff-SVC converts by diffusion."""
        return True

    def validate_diffusion(self, diffusion: DiffusionConfig) -> None:
        """Require that a shallow start lies within the noise levels."""
        require(
            diffusion.shallow_start <= self.num_timesteps,
            f"diffusion.shallow_start={diffusion.shallow_start}: this model has {self.num_timesteps} levels of noise.",
        )

    def validate(self, features: FeaturesConfig) -> None:
        """Require that mel, pitch table and vocoder fit the features, and that the networks can be built."""
        super().validate(features)
        self._validate_networks()
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
        self._validate_auxiliary()

    def _validate_auxiliary(self) -> None:
        self.auxiliary.validate()
        require(
            not (self.auxiliary.num_layers and self.has_log10_mel),
            "model.auxiliary: the decoder predicts natural logarithms; set model.has_log10_mel=false.",
        )

    def _validate_networks(self) -> None:
        channels = {
            "model.denoiser.channels": self.denoiser.channels,
            "model.condition_channels": self.condition_channels,
        }
        for name, count in channels.items():
            require(count > 0 and count % 2 == 0, f"{name}={count}: expected an even number of channels.")
        require_within("model.denoiser.num_layers", self.denoiser.num_layers, 1)
        require_within("model.denoiser.dilation_cycle", self.denoiser.dilation_cycle, 1)
        require_within("model.num_timesteps", self.num_timesteps, 2)
        require(1e-4 < self.max_beta < 1, f"model.max_beta={self.max_beta:g}: expected above 0.0001, below 1.")
        require(
            0 < self.pitch_min_hz < self.pitch_max_hz,
            f"model.pitch_min_hz={self.pitch_min_hz:g} must lie above 0 and below pitch_max_hz={self.pitch_max_hz:g}.",
        )
