"""Settings of the tracker."""

from dataclasses import dataclass, field

from duetto.settings.config import require
from duetto.settings.kinds import NAME

LOGGERS = {"wandb": ("wandb",), "tensorboard": ("tensorboard",), "both": ("wandb", "tensorboard"), "none": ()}


@dataclass
class LoggerConfig:
    """The tracker for numbers, pictures and sounds, besides CSV files and the page, which are always written."""

    name: str = "wandb"  # one of LOGGERS
    project: str = field(default="duetto", metadata=NAME)
    entity: str | None = field(default=None, metadata=NAME)
    group: str | None = field(default=None, metadata=NAME)
    mode: str = "auto"  # auto | online | offline

    def validate(self) -> None:
        """Known names."""
        require(self.name in LOGGERS, f"logger.name={self.name}: expected {', '.join(LOGGERS)}.")
        require(
            self.mode in ("auto", "online", "offline"), f"logger.mode={self.mode}: expected auto, online or offline."
        )
