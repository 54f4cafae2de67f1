"""`python -m duetto inspect`: describes a file."""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console

SHOWN = 5  # names shown of a long list


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("inspect", help="describe a voice, or a .pth, .index or .safetensors")
    parser.add_argument("file", type=Path, nargs="?", help="a file, a run's folder, name or signature, or latest")
    parser.add_argument("--run", type=Path, help="the same, as infer.py takes it: run=my_voice")
    parser.add_argument("--logs", type=Path, default=Path("logs"))
    parser.add_argument("--json", action="store_true", help="print JSON, unabridged")
    parser.set_defaults(action=inspect_file)


def inspect_file(options: argparse.Namespace, console: Console) -> None:
    """Print a description as a table or as JSON."""
    from rich.table import Table

    from duetto.voices.find import LATEST, folder_of
    from duetto.voices.interchange.inspection import describe

    place = folder_of(options.file or options.run or Path(LATEST), options.logs)
    found = describe(place)
    if options.json:
        console.print(json.dumps(found.as_dict(), indent=2, ensure_ascii=False), markup=False, soft_wrap=True)
        return
    table = Table("what", title=f"{place}: {found.kind}", title_justify="left")
    table.add_column("value", overflow="fold")
    for name, value in found.facts.items():
        table.add_row(name, as_text(value))
    console.print(table)
    for problem in found.problems:
        console.print(f"problem: {problem}", markup=False, soft_wrap=True)


def as_text(value: Any) -> str:
    """A fact as readable text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "unknown"
    if isinstance(value, int):
        return f"{value:_}".replace("_", " ")
    if isinstance(value, list):
        shown = ", ".join(str(item) for item in value[:SHOWN])
        return f"{len(value)}: {shown}{', …' if len(value) > SHOWN else ''}" if value else "none"
    return str(value)
