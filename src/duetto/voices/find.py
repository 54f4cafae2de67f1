"""Finding a run by what a person would call it: latest, its name, the start of its signature, or a path.

The signature in run.json counts, not what the folder is called: a run that was renamed or moved is found all the same.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from duetto.errors import CheckpointError, StorageError
from duetto.storage.files import read_json
from duetto.storage.run_folder import RUN_FILE, VOICE_CARD_NAME, VOICE_FOLDER, RunFolder

LATEST = "latest"


def recorded_runs(logs: Path) -> Iterator[tuple[RunFolder, dict[str, Any]]]:
    """Every run directly below `logs` with its record, by name; one whose record cannot be read is passed over."""
    for path in sorted(logs.glob(f"*/{RUN_FILE}")):
        try:
            record = read_json(path)
        except StorageError:
            continue
        if isinstance(record, dict):
            yield RunFolder(path.parent), record


def trained_runs(logs: Path) -> list[Path]:
    """Run folders below `logs` that hold a trained voice, oldest first."""
    cards = logs.glob(f"*/{VOICE_FOLDER}/{VOICE_CARD_NAME}")
    runs = [RunFolder(card.parent.parent) for card in cards]
    return [run.path for run in sorted(runs, key=lambda run: run.record.stat().st_mtime)]


def find_run(logs: Path, wanted: str) -> Path:
    """The run folder that `wanted` names.

    Raises:
        CheckpointError: If there is none, or more than one fits.
    """
    path = Path(wanted)
    if RunFolder(path).voice.is_trained:
        return path
    runs = trained_runs(logs)
    if not runs:
        raise CheckpointError(f"No trained voice below {logs}. Train one first: python train.py model=rvc data=case_b.")
    if wanted == LATEST:
        return runs[-1]
    signatures = {folder.path: record.get("signature") for folder, record in recorded_runs(logs)}
    matches = [run for run in runs if run.name == wanted or _signature_of(run, signatures).startswith(wanted)]
    if len(matches) == 1:
        return matches[0]
    listed = ", ".join(run.name for run in (matches or runs))
    problem = f"{len(matches)} runs fit" if matches else "No run is called"
    raise CheckpointError(f"{problem} run={wanted}. Choose one of: {listed}.")


def _signature_of(run: Path, recorded: dict[Path, Any]) -> str:
    """As the run's record says; of one that says nothing, such as an imported voice, the end of its name."""
    return str(recorded.get(run) or run.name.rsplit("-", 1)[-1])
