"""Finds a run by `latest`, the name that it was given, its folder's name, the start of its signature, or a path.

The signature in run.json counts, not the folder's name, so that renamed or moved runs are found, too. A damaged or
foreign folder is skipped with a warning, so that it does not hide the others.
"""

import logging
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

from duetto.errors import CheckpointError, StorageError
from duetto.settings.config import require
from duetto.settings.run_config import InferConfig
from duetto.storage.run_folder import RUN_FILE, VOICE_CARD_NAME, VOICE_FOLDER, RunFolder
from duetto.voices.run_record import read_record

LATEST = "latest"
GIVEN_NAME = "given_name"  # in a run's record: what people call it
SHOWN = 8  # names of runs in an error message

logger = logging.getLogger(__name__)


def recorded_runs(logs: Path) -> Iterator[tuple[RunFolder, dict[str, Any]]]:
    """Every run directly below `logs` with its record, by name; runs with unreadable records are skipped."""
    for path in sorted(logs.glob(f"*/{RUN_FILE}")):
        try:
            record = read_record(RunFolder(path.parent))
        except StorageError as error:
            pass_over(f"{path.parent} is skipped: {error}")
            continue
        yield RunFolder(path.parent), record


def trained_runs(logs: Path) -> list[Path]:
    """Run folders below `logs` that hold a trained voice, oldest first; a voice without a run is skipped."""
    found = []
    for card in sorted(logs.glob(f"*/{VOICE_FOLDER}/{VOICE_CARD_NAME}")):
        run = RunFolder(card.parent.parent)
        try:
            found.append((run.record.stat().st_mtime, run.path))
        except OSError:
            pass_over(f"{run.path} is skipped: it holds a voice, but no {RUN_FILE}. Name its folder to use it.")
    return [path for _, path in sorted(found)]


@cache
def pass_over(sentence: str) -> None:
    """Warn once of a folder that is skipped."""
    logger.warning("%s", sentence)


def find_run(logs: Path, wanted: str) -> Path:
    """The run folder that `wanted` names.

    Raises:
        CheckpointError: If no run, or more than one, fits.
    """
    path = Path(wanted)
    if RunFolder(path).voice.is_trained:
        return path
    named = named_run(logs, wanted)
    if named is not None:
        if RunFolder(named).voice.is_trained:
            return named
        raise CheckpointError(f"{wanted} ({named.name}) is not trained yet. Repeat its training command to resume it.")
    runs = trained_runs(logs)
    if not runs:
        raise CheckpointError(f"No trained voice below {logs}. Train one first: python train.py model=rvc data=case_b.")
    if wanted == LATEST:
        return runs[-1]
    signatures = {folder.path: record.get("signature") for folder, record in recorded_runs(logs)}
    matches = [run for run in runs if run.name == wanted or _signature_of(run, signatures).startswith(wanted)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise CheckpointError(f"{len(matches)} runs fit run={wanted}. Choose one of: {listed(matches)}.")
    raise CheckpointError(f"No run fits run={wanted}. {_nearest(runs, wanted)}")


def named_run(logs: Path, wanted: str) -> Path | None:
    """The run that was given this name, trained or not; None if there is none."""
    return next((folder.path for folder, record in recorded_runs(logs) if record.get(GIVEN_NAME) == wanted), None)


def called(run: Path) -> str:
    """What people call a run: the name that it was given, else that of its folder."""
    folder = RunFolder(run)
    return str((read_record(folder).get(GIVEN_NAME) if folder.is_run else None) or run.resolve().name)


def folder_of(wanted: Path, logs: Path) -> Path:
    """The folder or file that a path names, or the run that a name, a signature or `latest` names.

    A folder that is no run, such as one of recordings, gives way to a run of the same name.

    Raises:
        CheckpointError: If it is no path, and no run, or more than one, fits.
    """
    if RunFolder(wanted).is_run or wanted.is_file():
        return wanted
    is_path = wanted.exists() or wanted.suffix != "" or len(wanted.parts) > 1
    return named_run(logs, str(wanted)) or (wanted if is_path else find_run(logs, str(wanted)))


def choose_place(config: InferConfig) -> Path:
    """The folder for the voice: the run's, or one in `logs` named after the checkpoint, which need not exist.

    Raises:
        ConfigError: If a run and a checkpoint are named, or an index without a checkpoint.
        CheckpointError: If there is no such run or file.
    """
    if config.checkpoint is None:
        require(config.index is None, "index=FILE goes with checkpoint=FILE; a run has its own index.")
        return find_run(Path(config.logs), config.run or LATEST)
    require(config.run in (None, LATEST), f"Which voice: run={config.run} or checkpoint={config.checkpoint}? Name one.")
    return Path(config.logs) / Path(config.checkpoint).stem


def _nearest(runs: Sequence[Path], wanted: str) -> str:
    """A sentence with the names most similar to `wanted`."""

    def likeness(run: Path) -> float:
        parts = (called(run), run.name, *run.name.split("-"))
        return max(SequenceMatcher(None, wanted.lower(), part.lower()).ratio() for part in parts)

    if len(runs) <= SHOWN:
        return f"Choose one of: {listed(runs)}."
    nearest = sorted(runs, key=likeness, reverse=True)[:SHOWN]
    return f"Of {len(runs)} runs, these have the most similar names: {', '.join(map(_title, nearest))}."


def listed(runs: Sequence[Path]) -> str:
    """The newest names of a list sorted from the oldest, and the number of further ones."""
    more = len(runs) - SHOWN
    return ", ".join(map(_title, runs[-SHOWN:])) + (f" and {more} more" if more > 0 else "")


def _title(run: Path) -> str:
    """The folder's name, behind the given one."""
    given = called(run)
    return run.name if given == run.name else f"{given} ({run.name})"


def _signature_of(run: Path, recorded: dict[Path, Any]) -> str:
    """The signature in the run's record; without one, as for an imported voice, the end of its name."""
    return str(recorded.get(run) or run.name.rsplit("-", 1)[-1])
