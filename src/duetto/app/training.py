"""A training as the app starts and shows it: the settings of train.py, and what its run's folder holds so far."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from duetto.app.jobs import Jobs, JobState
from duetto.report.collect import Columns, RunRecord, collect_run
from duetto.runs.compose import compose_runs
from duetto.settings.conf_files import conf_folder
from duetto.storage.run_folder import RunFolder
from duetto.voices.find import named_run

TRAIN = "train"  # kind of job
ROLES = {"source": "Held-out recording", "output": "Your voice now", "reference": "What it should be"}
PHASES = {
    "none": "No training of that name was started here.",
    "running": "Training.",
    "finished": "Finished.",
    "stopped": "Stopped. What is done is kept; Resume goes on from there.",
    "failed": "It failed: {said}",
    "ended": "It ended while no app was open.",
}


@dataclass(frozen=True)
class TrainingRequest:
    """What a person chose to train."""

    recordings: Path
    name: str
    architecture: str
    minutes: float
    others: str = ""  # further settings of train.py, as in a shell

    def settings(self) -> list[str]:
        """The settings of train.py; the others win over the architecture and the minutes.

        Raises:
            ConfigError: If one is unknown or out of range.
        """
        try:
            others = shlex.split(self.others)
        except ValueError:  # an open quote
            others = self.others.split()
        groups = {f"model={self.architecture}": "model=", "data=folder": "data=", "logger=none": "logger="}
        limit = {f"trainer.max_minutes={self.minutes:g}": ("trainer=", "trainer.max_minutes=")}
        own = [each for each, key in (groups | limit).items() if not any(other.startswith(key) for other in others)]
        settings = [*own, *others, f"data.path={self.recordings}", f"name={self.name}"]
        compose_runs(conf_folder(), [settings])
        return settings


def start_training(jobs: Jobs, logs: Path, choice: TrainingRequest) -> None:
    """Start a training, or resume it: the same settings are the same run.

    Raises:
        ConfigError: If a setting is wrong, or the training is at work.
    """
    jobs.start(TRAIN, choice.name, [TRAIN, *choice.settings(), f"logs={logs}"])


def resume_training(jobs: Jobs, name: str) -> None:
    """Repeat the command of a training.

    Raises:
        ConfigError: If it is at work.
    """
    arguments: Sequence[str] = jobs.record(TRAIN, name).get("arguments", ())
    if arguments:
        jobs.start(TRAIN, name, arguments)


@dataclass(frozen=True)
class Progress:
    """What a training has come to."""

    state: JobState
    folder: Path | None  # of the run; None before it begins
    run: RunRecord | None = None

    @property
    def sentence(self) -> str:
        """How it stands."""
        said = PHASES[self.state.phase].format(said=self.state.said)
        if self.state.phase == "running" and self.run is None:
            return "Preparing: recordings are read, cut and analysed before the training begins."
        step, minutes = (last(self.losses, name) for name in ("step", "minutes"))
        return f"{said} Step {step:.0f}, {minutes:.1f} minutes of training." if step else said

    @property
    def losses(self) -> Columns:
        """Losses of the training so far."""
        return self.run.losses if self.run else {}

    @property
    def curve(self) -> Columns:
        """Scores of the validations so far."""
        return self.run.curve if self.run else {}

    @property
    def page(self) -> Path | None:
        """The page of the run, when it is written."""
        page = RunFolder(self.folder).page if self.folder else None
        return page if page is not None and page.is_file() and self.state.phase != "running" else None

    def sounds(self) -> list[tuple[str, Path]]:
        """The latest validation while it trains, then the test: title and file of each."""
        if self.folder is None or self.run is None:
            return []
        if self.page is None:
            files = {role: RunFolder(self.folder).validation / f"{role}.wav" for role in ROLES}
            return [(ROLES[role], path) for role, path in files.items() if path.is_file()]
        titles = {"source": "Recording", "output": "Your voice"}
        songs = [(song.song, song.audio) for song in self.run.songs]
        return [(f"{titles[role]}: {name}", audio[role]) for name, audio in songs for role in titles if role in audio]


def progress_of(jobs: Jobs, logs: Path, name: str | None) -> Progress:
    """What a training has come to.

    Raises:
        DuettoError: If its folder holds damaged files, or its singer has withdrawn consent.
    """
    if not name:
        return Progress(JobState("none"), None)
    folder = named_run(logs, name)
    return Progress(jobs.state(TRAIN, name), folder, collect_run(folder) if folder else None)


def last(columns: Columns, name: str) -> float:
    """The newest value of a column; 0 before the first."""
    return float(columns[name][-1]) if len(columns.get(name, ())) else 0.0
