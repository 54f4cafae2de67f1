"""`python -m duetto infer KEY=VALUE ...`: the same as infer.py, for installations from a wheel."""

import argparse
from typing import Any

from rich.console import Console


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("infer", help="convert recordings or a song, as infer.py does")
    parser.add_argument(
        "settings", nargs="*", metavar="KEY=VALUE", help="such as run=latest source=song.wav transpose=6"
    )
    parser.set_defaults(action=convert_recordings)


def convert_recordings(options: argparse.Namespace, console: Console) -> None:
    """Convert the recordings named by the settings."""
    from duetto.cli import entry
    from duetto.runs.compose import compose_inference
    from duetto.settings.conf_files import conf_folder

    entry.convert_recordings(compose_inference(conf_folder(), options.settings), console)
