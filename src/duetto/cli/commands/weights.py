"""`python -m duetto weights list | get | verify | path | add`: weights of other people, by name."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

MB = 1e6


def register(verbs: Any) -> None:
    """Add the verb and its five actions to the parser."""
    parser = verbs.add_parser("weights", help="list, download and check weights that no package ships")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="name, size, licence and use of all, and which are here")
    listing.set_defaults(action=list_weights)
    get = actions.add_parser("get", help="download what is not here, resume what was cut off, check the digest")
    get.add_argument("names", nargs="+", metavar="NAME", help="as `list` shows them")
    get.add_argument("--again", action="store_true", help="download even what is here")
    get.set_defaults(action=get_them)
    verify = actions.add_parser("verify", help="compare what is here with its digests; status 1 if something differs")
    verify.add_argument("names", nargs="*", metavar="NAME", help="default: all that are here")
    verify.set_defaults(action=verify_them)
    path = actions.add_parser("path", help="print where a file lies; status 1 if it is not here")
    path.add_argument("name", metavar="NAME")
    path.set_defaults(action=print_path)
    add = actions.add_parser("add", help="take a file that you have, for use without a network")
    add.add_argument("name", metavar="NAME")
    add.add_argument("file", type=Path, metavar="FILE")
    add.set_defaults(action=add_file)


def list_weights(_: argparse.Namespace, console: Console) -> None:
    """Print the table; nothing is read but names."""
    from rich.table import Table

    from duetto.hub.cache import cache_folder, place_of
    from duetto.hub.table import public_weights

    table = Table(title=f"Weights in {cache_folder()}", title_justify="left")
    table.add_column("name", no_wrap=True)
    for column in ("MB", "here", "digest", "what for, licence"):
        table.add_column(column)
    for row in public_weights():
        size = "?" if row.size is None else f"{row.size / MB:.0f}"
        digest = "known" if row.is_pinned else "pin on first use" if row.sha256 is None else f"{row.sha256}…"
        here = "yes" if place_of(row).is_file() else ""
        table.add_row(row.name, size, here, digest, f"{row.what}; {row.licence}")
    console.print(table)


def get_them(options: argparse.Namespace, console: Console) -> None:
    """Download, check, and say where each lies."""
    from duetto.hub.get import get_weights

    for name in options.names:
        path = get_weights(name, options.again)
        console.print(f"{name}: {path}", markup=False, soft_wrap=True)


def verify_them(options: argparse.Namespace, console: Console) -> int:
    """Check digests; return 1 if a file differs, or a named one is not here."""
    from duetto.hub.cache import recorded
    from duetto.hub.get import all_held, held

    found = [held(name) for name in options.names] or [each for each in all_held() if each.path is not None]
    for each in found:
        if each.path is None:
            said = f"not here: python -m duetto weights get {each.row.name}"
        elif each.fault:
            said = each.fault
        else:
            said = "as the table says" if each.row.is_pinned else _since(recorded(each.row))
        console.print(f"{each.row.name}: {said}", markup=False, soft_wrap=True)
    if not found:
        console.print("No weights are here yet: python -m duetto weights list shows what there is.")
    return int(any(each.fault or each.path is None for each in found))


def _since(record: dict[str, Any] | None) -> str:
    return "never used, so nothing is recorded" if record is None else f"as on {record['date']}, when it was first used"


def print_path(options: argparse.Namespace, console: Console) -> int:
    """Print the path alone, for scripts."""
    from duetto.errors import CheckpointError, print_error
    from duetto.hub.get import held

    each = held(options.name)
    if each.path is None or each.fault:
        print_error(
            CheckpointError(each.fault or f"{options.name} is not here: python -m duetto weights get {options.name}.")
        )
        return 1
    console.print(str(each.path), markup=False, highlight=False, soft_wrap=True)
    return 0


def add_file(options: argparse.Namespace, console: Console) -> None:
    """Copy the file into the cache after the checks."""
    from duetto.hub.get import add_weights

    console.print(f"{options.name}: {add_weights(options.name, options.file)}", markup=False, soft_wrap=True)
