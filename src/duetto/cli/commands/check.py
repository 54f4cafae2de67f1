"""`python -m duetto check RUN`: checks that the files of a run or a voice are intact, and says what to do otherwise."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

EPILOG = """
Weights, index and checkpoints are compared with the SHA-256 recorded when they were written; records are read.

exit status: 0 nothing is damaged or missing, 1 something is, 2 an error
"""


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser(
        "check",
        help="check that the files of a run or a voice are intact",
        epilog=EPILOG,
    )
    parser.add_argument("run", help="a run's name or signature, latest, or the folder of a run or voice")
    parser.add_argument("--logs", type=Path, default=Path("logs"))
    parser.set_defaults(action=check)


def check(options: argparse.Namespace, console: Console) -> int:
    """Print a line for each file; return 1 if one is damaged or missing."""
    from rich.table import Table

    from duetto.runs.check import check_files
    from duetto.voices.find import folder_of

    folder = folder_of(Path(options.run), options.logs)
    checked = check_files(folder)
    table = Table("file", title=str(folder), title_justify="left")
    table.add_column("state")
    for each in checked:
        table.add_row(str(each.path.relative_to(folder)), each.state)
    console.print(table)
    advice = dict.fromkeys(each.advice for each in checked if each.advice)
    for sentence in advice:
        names = ", ".join(str(each.path.relative_to(folder)) for each in checked if each.advice == sentence)
        console.print(f"{names}: {sentence}", markup=False, soft_wrap=True)
    bad = sum(each.is_bad for each in checked)
    if not bad:
        console.print("Nothing is damaged or missing.")
    return int(bad > 0)
