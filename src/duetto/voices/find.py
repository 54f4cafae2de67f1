"""Finding a run by what a person would call it: latest, its name, the start of its signature, or a path."""

from pathlib import Path

from duetto.errors import CheckpointError
from duetto.voices.voice import VOICE_CARD_NAME, VOICE_FOLDER

RUN_FILE = "run.json"


def trained_runs(logs: Path) -> list[Path]:
    """Run folders below `logs` that hold a trained voice, oldest first."""
    cards = logs.glob(f"*/{VOICE_FOLDER}/{VOICE_CARD_NAME}")
    return sorted((card.parent.parent for card in cards), key=lambda run: (run / RUN_FILE).stat().st_mtime)


def find_run(logs: Path, wanted: str) -> Path:
    """The run folder that `wanted` names.

    Raises:
        CheckpointError: If there is none, or more than one fits.
    """
    path = Path(wanted)
    if (path / VOICE_FOLDER / VOICE_CARD_NAME).is_file():
        return path
    runs = trained_runs(logs)
    if not runs:
        raise CheckpointError(f"No trained voice below {logs}. Train one first: python train.py model=rvc data=case_b.")
    if wanted == "latest":
        return runs[-1]
    matches = [run for run in runs if run.name == wanted or run.name.rsplit("-", 1)[-1].startswith(wanted)]
    if len(matches) == 1:
        return matches[0]
    listed = ", ".join(run.name for run in (matches or runs))
    problem = f"{len(matches)} runs fit" if matches else "No run is called"
    raise CheckpointError(f"{problem} run={wanted}. Choose one of: {listed}.")
