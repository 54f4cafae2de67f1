"""`python -m duetto base`: exports a run's weights as pretrained weights that ship with the package."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("base", help="write a run as pretrained weights of the package")
    parser.add_argument("run", type=Path, help="the run's name or folder; it may still be training")
    parser.add_argument("--logs", type=Path, default=Path("logs"))
    parser.add_argument("--folder", type=Path, help="folder; default: the package's own")
    parser.set_defaults(action=write_base)


def write_base(options: argparse.Namespace, console: Console) -> None:
    """Write weights and card, and print the size."""
    from duetto.bases import BASES
    from duetto.runs.pretrained_export import export_base
    from duetto.voices.find import folder_of

    path = export_base(folder_of(options.run, options.logs), options.folder or BASES)
    console.print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB, card {path.with_suffix('.json').name}", markup=False)
