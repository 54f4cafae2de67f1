"""The command that trains a voice of several singers again, without the one who is erased."""

import shlex
from pathlib import Path
from typing import Any

from duetto.storage.run_folder import RunFolder
from duetto.voices.blend import BLEND
from duetto.voices.run_record import read_record


def training_command(folder: Path) -> str:
    """The command of a run, from its record: the recordings that are left lie where the others lay.

    Weights that it started from are not named: they may be the erased person's.
    """
    run = RunFolder(folder)
    if not run.is_run:
        return "the command that trained it, once more"
    record = read_record(run)
    if record.get("case") == BLEND:
        return "a blend of the voices that are left, by python -m duetto blend"
    config: dict[str, Any] = record.get("config") or {}
    data = config.get("data") or {}
    values = {
        "model": record.get("model"),
        "model/size": record.get("size"),
        "data": data.get("case"),
        "data.path": data.get("path"),
        "preprocess": record.get("preprocess"),
        "seed": record.get("seed"),
        "logs": str(folder.parent),
    }
    settings = [f"{name}={value}" for name, value in values.items() if value is not None]
    return shlex.join(["python", "train.py", *settings])
