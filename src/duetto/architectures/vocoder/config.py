"""The schema of `model=vocoder`. Pure data, as `duetto.settings.model_config`."""

from dataclasses import dataclass, field
from typing import ClassVar

from duetto.settings.config import MISSING, FeaturesConfig, require
from duetto.settings.kinds import NOT_SHAPE
from duetto.settings.model_config import (
    DiscriminatorConfig,
    GeneratorConfig,
    LossConfig,
    ModelConfig,
    check_upsampling,
)
from duetto.settings.ranges import require_within


@dataclass
class VocoderConfig(ModelConfig):
    """NSF-HiFiGAN by itself: mel and melody to a waveform."""

    has_discriminator: ClassVar[bool] = True

    n_mels: int = MISSING  # = features.n_mels
    # frames in a training segment; a training example is one segment
    segment_frames: int = field(default=MISSING, metadata=NOT_SHAPE)
    # windows of the mel loss, samples
    mel_scales: list[int] = field(default_factory=lambda: [1024], metadata=NOT_SHAPE)
    # training: level moved by up to so much either way; 0 = off
    gain_db: float = field(default=0.0, metadata=NOT_SHAPE)
    equaliser_db: float = field(default=0.0, metadata=NOT_SHAPE)  # training: spread of the random equaliser; 0 = off
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    # training: keep the generator free of a comb at the frame rate (`duetto.layers.phase_balance`)
    balances_upsampling: bool = field(default=False, metadata=NOT_SHAPE)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    loss: LossConfig = field(default_factory=LossConfig, metadata=NOT_SHAPE)  # kl is not used

    @property
    def least_frames(self) -> int:
        """A whole segment."""
        return self.segment_frames

    def validate(self, features: FeaturesConfig) -> None:
        """Require that the generator upsamples by the hop and takes the features' mel."""
        super().validate(features)
        self.loss.validate()
        require(self.parallel_share == 0, "model.parallel_share: a vocoder reads no content; leave it out.")
        require_within("model.segment_frames", self.segment_frames, 1)
        check_upsampling(self.generator, features)
        require(
            self.n_mels == features.n_mels,
            f"model.n_mels={self.n_mels}, but features.n_mels is {features.n_mels}.",
        )
        require(
            bool(self.mel_scales) and min(self.mel_scales) >= 2,
            f"model.mel_scales={self.mel_scales}: the mel loss needs at least one window, of 2 samples or more.",
        )
        for name in ("gain_db", "equaliser_db"):
            require(getattr(self, name) >= 0, f"model.{name}={getattr(self, name):g} must be 0 (off) or more dB.")
