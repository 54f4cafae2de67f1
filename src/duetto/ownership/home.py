"""The folder of this user's registry and revocation list: one, whatever folder a command is given in."""

import os
from pathlib import Path

HOME_VARIABLE = "DUETTO_HOME"


def home() -> Path:
    """`DUETTO_HOME`, else the folder for data of programs of this user (XDG Base Directory Specification)."""
    named = os.environ.get(HOME_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "duetto"
