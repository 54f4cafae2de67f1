"""Where the app keeps what: recordings in folders that people see, everything of its own in `.app` below the runs."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from duetto.errors import ConfigError
from duetto.report.comparison.find import COMPARISON_NAME
from duetto.settings.run_config import check_name
from duetto.storage.audio_suffixes import is_hidden, is_recording
from duetto.storage.files import make_folder


@dataclass(frozen=True)
class Places:
    """The folders of one app."""

    logs: Path  # runs
    recordings: Path  # a folder of recordings, with its consent record, for each voice

    @property
    def own(self) -> Path:
        """What belongs to the app alone."""
        return self.logs / ".app"

    @property
    def uploads(self) -> Path:
        """Uploads that no folder of recordings holds yet."""
        return self.own / "uploads"

    @property
    def pages(self) -> Path:
        """Pages of the doctor."""
        return self.own / "pages"

    @property
    def jobs(self) -> Path:
        """Records and output of trainings and conversions."""
        return self.own / "jobs"

    @property
    def lock(self) -> Path:
        """Held by the open app."""
        return self.own / "lock"

    @property
    def address(self) -> Path:
        """Address of the open app, without its token."""
        return self.own / "address"

    @property
    def comparison(self) -> Path:
        """The page that compares runs."""
        return self.logs / COMPARISON_NAME

    def voice(self, name: str | None) -> Path:
        """Folder of a voice's recordings.

        Raises:
            ConfigError: If no name is given, or it is none.
        """
        if not name:
            raise ConfigError("Choose a voice first, or make a new one.")
        check_name(name)
        return self.recordings / name

    def voices(self) -> list[str]:
        """Names of the folders of recordings."""
        if not self.recordings.is_dir():
            return []
        return sorted(path.name for path in self.recordings.iterdir() if path.is_dir() and not is_hidden(path.name))

    def takes(self, voice: str | None) -> list[Path]:
        """The recordings of a voice, by name."""
        folder = self.recordings / voice if voice in self.voices() else None
        return [] if folder is None else sorted(path for path in folder.iterdir() if is_recording(path))

    def clean(self) -> None:
        """Remove uploads and pages that were made for one session, and leave private folders for the next ones."""
        for folder in (self.uploads, self.pages):
            shutil.rmtree(folder, ignore_errors=True)
            make_folder(folder)
        self.own.chmod(0o700)
