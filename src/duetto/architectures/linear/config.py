"""The schema of `model=linear`. Pure data, as `duetto.settings.model_config`."""

from dataclasses import dataclass, field

from duetto.settings.config import MISSING, FeaturesConfig, require
from duetto.settings.kinds import NOT_SHAPE, PATH
from duetto.settings.model_config import GeneratorConfig, ModelConfig, check_upsampling
from duetto.settings.ranges import require_within

LONGEST_CONTEXT = 25  # frames; the equations grow with the square of it
LEAST_RIDGE = 1e-6  # below, rounding may leave the equations without a solution


@dataclass
class LinearConfig(ModelConfig):
    """The linear baseline: content -> mel by ridge regression, then a vocoder."""

    n_mels: int = MISSING  # = features.n_mels
    context_frames: int = 5  # of content around the frame of the mel, itself included; odd
    # ridge: added to the diagonal of the equations, as a share of its mean
    ridge: float = field(default=0.2, metadata=NOT_SHAPE)
    # auto = the one that ships for these features | a run's folder | a foreign model file
    vocoder: str = field(default="auto", metadata=PATH)
    vocoder_generator: GeneratorConfig = field(default_factory=GeneratorConfig)

    def validate(self, features: FeaturesConfig) -> None:
        """Require that mel and vocoder fit the features, and that the equations have one solution."""
        super().validate(features)
        check_upsampling(self.vocoder_generator, features)
        require(
            self.n_mels == features.n_mels,
            f"model.n_mels={self.n_mels}, but features.n_mels is {features.n_mels}.",
        )
        require_within("model.context_frames", self.context_frames, 1, LONGEST_CONTEXT)
        require(self.context_frames % 2 == 1, f"model.context_frames={self.context_frames}: expected an odd number.")
        require_within("model.ridge", self.ridge, LEAST_RIDGE, 1)
        require(self.ema_decay == 0, f"model.ema_decay={self.ema_decay:g}: there are no steps to average; leave it 0.")
        require(not self.trained_parts, "model.trained_parts: the linear baseline is solved as a whole; leave it out.")
