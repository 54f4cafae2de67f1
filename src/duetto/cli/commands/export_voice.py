"""`python -m duetto export`: writes a voice for RVC WebUI, Applio or Diff-SVC, or as ONNX."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("export", help="write a voice for RVC WebUI and Applio, for Diff-SVC, or as ONNX")
    parser.add_argument("run", help="latest, a run's name or signature, or its folder")
    parser.add_argument("--output", type=Path, help="a folder; default: export/ in the run's folder")
    parser.add_argument("--name", help="name that users see; default: the run's name")
    parser.add_argument("--format", choices=("ecosystem", "onnx"), default="ecosystem", help="onnx: RVC and vocoders")
    parser.add_argument("--logs", type=Path, default=Path("logs"))
    parser.set_defaults(action=export)


def export(options: argparse.Namespace, console: Console) -> None:
    """Write the files and print where they belong."""
    from duetto.runs.export import export_run
    from duetto.voices.find import find_run

    exported = export_run(find_run(options.logs, options.run), options.output, options.name, options.format)
    for hint in exported.hints:
        console.print(hint, markup=False, soft_wrap=True)
