"""`python -m duetto inspect`: describes a file."""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console

SHOWN = 5  # names shown of a long list


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("inspect", help="describe a .pth, .index, .safetensors or run folder")
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", action="store_true", help="print JSON, unabridged")
    parser.set_defaults(action=inspect_file)


def inspect_file(options: argparse.Namespace, console: Console) -> None:
    """Print a description as a table or as JSON."""
    from rich.table import Table

    from duetto.voices.interchange.inspection import describe

    found = describe(options.file)
    if options.json:
        console.print(json.dumps(found.as_dict(), indent=2, ensure_ascii=False), markup=False, soft_wrap=True)
        return
    table = Table("what", title=f"{options.file}: {found.kind}", title_justify="left")
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
