"""A conversion as the app starts and shows it: infer.py's settings; the song lies beside what became of it."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from duetto.app.jobs import Jobs
from duetto.app.uploads import free_place, sanitised, take_in
from duetto.runs.compose import compose_inference
from duetto.settings.conf_files import conf_folder
from duetto.settings.run_config import AUTO
from duetto.storage.audio_suffixes import is_recording
from duetto.storage.run_folder import RunFolder
from duetto.voices.find import called, find_run, trained_runs

CONVERT = "infer"  # kind of job, and the command
SONG, SOURCE = "song", "source"  # settings of infer.py: a mix, or a voice alone
ORIGINAL = "original"  # stem of the file that was sent
TITLES = {
    "cover": "The song with the converted voice",
    "converted": "The converted voice alone",
    ORIGINAL: "What was converted",
    "lead": "The original voice, as it was separated",
    "backing": "The backing, left as it was",
}


@dataclass(frozen=True)
class Wish:
    """What a person wants converted."""

    voice: str
    upload: Path
    kind: str = SONG  # or SOURCE
    transpose: float | None = None  # semitones; None = what fits the voice
    settings: dict[str, float] = field(default_factory=dict)  # further settings of infer.py


def start_conversion(jobs: Jobs, logs: Path, wish: Wish) -> None:
    """Take the song in and start its conversion.

    Raises:
        AudioError: If it is no recording.
        CheckpointError: If there is no such voice.
        ConfigError: If a setting is wrong, or a conversion with this voice is at work.
    """
    run = find_run(logs, wish.voice)
    name = sanitised(wish.upload.name)
    folder = free_place(RunFolder(run).conversions, Path(name).stem)
    original = take_in(wish.upload, folder, f"{ORIGINAL}{Path(name).suffix}").path
    transpose = AUTO if wish.transpose is None else f"{wish.transpose:g}"
    settings = [
        f"run={run}",
        f"{wish.kind}={original}",
        f"output={folder if wish.kind == SONG else folder / 'converted.wav'}",
        f"transpose={transpose}",
        *(f"{key}={value:g}" for key, value in wish.settings.items()),
    ]
    try:
        compose_inference(conf_folder(), settings)
        jobs.start(CONVERT, wish.voice, [CONVERT, *settings], folder=str(folder))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def settle(jobs: Jobs, voice: str) -> Path | None:
    """The folder of a voice's newest conversion; one that came to nothing is removed with what was sent."""
    named = jobs.record(CONVERT, voice).get("folder")
    if named is None:
        return None
    folder = Path(named)
    if not jobs.is_running(CONVERT, voice) and not sounds_of(folder):
        shutil.rmtree(folder, ignore_errors=True)
    return folder


def sounds_of(folder: Path) -> list[tuple[str, Path]]:
    """Title and file of each sound of a conversion, the result first; none before it is finished."""
    files = {path.stem: path for path in sorted(folder.glob("*")) if is_recording(path)}
    if not {"cover", "converted"} & set(files):
        return []
    return [(title, files[stem]) for stem, title in TITLES.items() if stem in files]


def earlier(logs: Path, voice: str) -> list[str]:
    """Names of the conversions of a voice that the app made, the newest first."""
    folders = [path for path in RunFolder(find_run(logs, voice)).conversions.glob("*") if sounds_of(path)]
    return [path.name for path in sorted(folders, key=lambda path: path.stat().st_mtime_ns, reverse=True)]


def conversion(logs: Path, voice: str | None, name: str | None) -> Path | None:
    """The folder of a conversion; None if there is none of that name."""
    if not voice or name not in earlier(logs, voice):
        return None
    return RunFolder(find_run(logs, voice)).conversions / str(name)


def voices(logs: Path) -> list[str]:
    """Names of the trained voices, the newest first."""
    return [called(run) for run in reversed(trained_runs(logs))]
