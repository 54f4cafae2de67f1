"""`python -m duetto erase PERSON`: removes a person's recordings and everything made from them."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from duetto.runs.erasure.plan import Plan

EPILOG = """
Recordings, corpora, features, runs with their voices, pages and W&B files, conversions and exports are removed from
this machine, and the person is entered on the revocation list. A killed erasure is resumed by the same command.
Copies that the registry does not know, other machines and what was uploaded are out of reach.
"""


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser(
        "erase",
        help="remove a person's recordings and everything made from them",
        epilog=EPILOG,
    )
    parser.add_argument("subject", help="the person's identifier, as in their consent record, in any spelling")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be removed")
    parser.add_argument("--yes", action="store_true", help="do not ask whether it is to be done")
    parser.add_argument("--logs", type=Path, default=Path("logs"), help="runs, beside those that the registry knows")
    parser.add_argument("--data", type=Path, default=Path("data"), help="corpora and caches, likewise")
    parser.set_defaults(action=erase_person)


def erase_person(options: argparse.Namespace, console: Console) -> None:
    """Show the plan, ask, carry it out unless it is a dry run, and write the certificate."""
    from datetime import date

    from duetto.errors import ConfigError
    from duetto.runs.erasure.certificate import write_certificate
    from duetto.runs.erasure.remove import current_plan, erase, only_erasure
    from duetto.terminal import progress_bar

    with only_erasure():
        plan = current_plan(options.subject, options.logs, options.data)
        if not plan.ids:
            raise ConfigError(
                f"Nothing is known that was made from recordings of {options.subject}. Name the folders with "
                "--logs and --data; `python -m duetto consent show FOLDER` shows an identifier."
            )
        console.print(plan_table(plan))
        for sentence in what_others_lose(plan):
            console.print(sentence, markup=False, soft_wrap=True)
        if options.dry_run:
            console.print("Nothing was removed: this is a dry run.")
            return
        confirm(plan, options.yes)
        with progress_bar(console) as report:
            erase(plan, date.today().isoformat(), lambda done, total: report("Erasing", done, total))
        console.print(f"Erased. Certificate: {write_certificate(plan)}", markup=False, soft_wrap=True)
    console.print(
        "Out of reach: copies that the registry did not know, other machines, files that were sent away, and what was "
        "uploaded to W&B.",
        soft_wrap=True,
    )


def confirm(plan: "Plan", is_agreed: bool) -> None:
    """Ask whether the plan is to be carried out.

    Raises:
        ConfigError: If nobody can be asked, or the answer is no.
    """
    from duetto.errors import ConfigError
    from duetto.ownership.subject import spelled

    if is_agreed:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise ConfigError("Without a terminal nobody can be asked, so nothing was removed. Add --yes to do it.")
    try:
        answer = input(f"Remove all this for ever? Type the identifier, {plan.subject}, to do it: ")
    except EOFError:
        answer = ""
    if spelled(answer) != plan.subject:
        raise ConfigError("Nothing was removed.")


def plan_table(plan: "Plan") -> Table:
    """Kinds of artefacts with their numbers, files, bytes, and how many hold other persons too."""
    table = Table("what", title=f"Made from recordings of {plan.subject}", title_justify="left")
    for name in ("number", "files", "MB", "with others"):
        table.add_column(name, justify="right")
    for kind in sorted({item.kind for item in plan.items}):
        items = [item for item in plan.items if item.kind == kind]
        megabytes = sum(item.num_bytes for item in items) / 1e6
        shared = sum(bool(item.others) for item in items)
        table.add_row(
            kind, str(len(items)), str(sum(i.num_files for i in items)), f"{megabytes:.1f}", str(shared or "")
        )
    return table


def what_others_lose(plan: "Plan") -> list[str]:
    """A sentence for each run that holds other persons too, with the command that trains it again without this one."""
    from duetto.runs.erasure.again import training_command

    sentences = []
    for item in plan.items:
        if item.kind == "run" and item.others:
            names = ", ".join(item.others)
            sentences.append(
                f"{item.path} also holds {names}. Without {plan.subject}: {training_command(Path(item.path))}"
            )
    return sentences
