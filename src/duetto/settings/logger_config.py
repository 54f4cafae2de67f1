"""Settings of the tracker."""

import re
from dataclasses import dataclass, field

from duetto.settings.config import require
from duetto.settings.kinds import NAME

LOGGERS = {"wandb": ("wandb",), "tensorboard": ("tensorboard",), "both": ("wandb", "tensorboard"), "none": ()}
ARTIFACTS = ("none", "records", "files")
MAX_TAG, MAX_NAME, MAX_NOTES = 64, 128, 4000  # characters that W&B takes
NOT_IN_PROJECTS = re.compile(r"[/\\#?%:]")


@dataclass
class LoggerConfig:
    """The tracker for numbers, pictures and sounds, besides CSV files and the page, which are always written."""

    name: str = "wandb"  # one of LOGGERS
    project: str = field(default="duetto", metadata=NAME)
    entity: str | None = field(default=None, metadata=NAME)
    group: str | None = field(default=None, metadata=NAME)  # null = the sweep or study, where there is one
    job_type: str | None = field(default=None, metadata=NAME)  # null = train
    tags: list[str] = field(default_factory=list)  # besides architecture, size, case and preprocessing
    notes: str | None = field(default=None, metadata=NAME)  # null = what the run is, in one sentence
    mode: str = "auto"  # auto | online | offline
    # W&B's artifacts of corpus, base, voice and index: none | records (what they are, with digests) | files (and the
    # files of the voice)
    artifacts: str = "records"
    system_metrics: bool = False  # whether W&B samples load and memory of the machine

    def validate(self) -> None:
        """Known names, and texts that W&B takes."""
        require(self.name in LOGGERS, f"logger.name={self.name}: expected {', '.join(LOGGERS)}.")
        require(
            self.mode in ("auto", "online", "offline"), f"logger.mode={self.mode}: expected auto, online or offline."
        )
        require(self.artifacts in ARTIFACTS, f"logger.artifacts={self.artifacts}: expected {', '.join(ARTIFACTS)}.")
        require(
            bool(self.project) and not NOT_IN_PROJECTS.search(self.project),
            f"logger.project={self.project}: W&B's names of projects are not empty and have none of / \\ # ? % :.",
        )
        for name in ("project", "group", "job_type"):
            text = getattr(self, name) or ""
            require(len(text) <= MAX_NAME, f"logger.{name}: expected {MAX_NAME} characters at most, got {len(text)}.")
        notes = len(self.notes or "")
        require(notes <= MAX_NOTES, f"logger.notes: expected {MAX_NOTES} characters at most, got {notes}.")
        for tag in self.tags:
            require(
                isinstance(tag, str) and 0 < len(tag.strip()) <= MAX_TAG,
                f"logger.tags: {tag!r} is no tag; expected 1 to {MAX_TAG} characters each: logger.tags=[first,second].",
            )
