"""What the entry points take: the groups of `duetto.config` put together.

Pure data, as there.
"""

from dataclasses import dataclass, field
from typing import Any

from duetto.config import (
    DataConfig,
    EvalConfig,
    FeaturesConfig,
    LoggerConfig,
    PreprocessConfig,
    TrainerConfig,
    require,
)
from duetto.model_config import ModelConfig


@dataclass
class TrainConfig:
    """`python train.py`."""

    seed: int = 0
    logs: str = "logs"  # where run folders are kept
    data: DataConfig = field(default_factory=DataConfig)
    preprocess: PreprocessConfig = field(default_factory=PreprocessConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    logger: LoggerConfig = field(default_factory=LoggerConfig)
    eval: EvalConfig = field(default_factory=EvalConfig)

    def validate(self) -> None:
        """Every group, then the rules between groups."""
        self.data.validate()
        self.preprocess.validate()
        self.features.validate()
        self.model.validate(self.features)
        self.trainer.validate()
        self.logger.validate()
        self.eval.validate()


@dataclass
class InferConfig:
    """`python infer.py`."""

    run: str | None = "latest"  # latest | a run's name or signature | a path
    checkpoint: str | None = None  # instead of a run: a public model, .pth of RVC WebUI or Applio
    index: str | None = None  # its .index; without one nothing is retrieved
    content_path: str | None = None  # weights of the content encoder (or `hub`); default: as the voice's card says
    source: Any = None  # one audio file or a list of them
    output: str | None = None  # file or folder; default: beside the run
    transpose: float = 0.0  # semitones, fractions allowed
    logs: str = "logs"
    speaker: int = 0
    f0_method: str | None = None  # default: as trained
    chunk_s: float = 20.0
    seed: int = 0
    index_rate: float = 0.5
    protect: float = 0.33
    neighbours: int = 8

    def sources(self) -> list[str]:
        """The recordings named, as a list.

        Raises:
            ConfigError: If none is named, or one is not a name.
        """
        named = self.source if isinstance(self.source, list) else [self.source]
        require(
            bool(named) and named != [None], "Which recording? Add source=song.wav (several: source=[a.wav,b.wav])."
        )
        require(all(isinstance(name, str) for name in named), f"source={self.source}: expected names of audio files.")
        return named
