"""`python -m duetto verify FILE`: whether a file was made by duetto, and whose voice it is."""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console

EPILOG = """
Looks for the watermark, checks the C2PA manifest, reads the metadata and the record beside the file, and asks the
registry and the revocation list whether the voice's owner allows it today. Status 1: nothing says that duetto made it.
"""


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser(
        "verify",
        help="say whether a file was made by duetto, and whose voice it is",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="any audio file")
    parser.add_argument("--key", type=Path, help="key file of the installation that is asked for (default: this one's)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(action=verify_file)


def verify_file(options: argparse.Namespace, console: Console) -> int:
    """Print what was found; return 1 if nothing says that duetto made the file."""
    from rich.table import Table

    from duetto.runs.verification import verify

    found = verify(options.file, options.key)
    if options.json:
        console.print(json.dumps(found.as_dict(), indent=2, ensure_ascii=False), markup=False, soft_wrap=True)
    else:
        table = Table("what", title=str(options.file), title_justify="left")
        table.add_column("found", overflow="fold")
        for row in found.rows():
            table.add_row(*row)
        console.print(table)
    return 0 if found.is_ours else 1
