"""`python -m duetto consent new | show | revoke | share`: writes, shows or revokes consent records of voices."""

import argparse
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from duetto.ownership.new_record import (
    OPTIONAL,
    QUESTIONS,
    place_for_record,
    problem_with,
    record_consent,
    record_path,
)


def register(verbs: Any) -> None:
    """Add the verb and its three actions to the parser."""
    parser = verbs.add_parser("consent", help="write, show or revoke the consent record of a voice")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    new = actions.add_parser("new", help="write consent.yaml; asks for values not given as options")
    new.add_argument("path", type=Path, help="the folder with the recordings, a .ddb, or a foreign file of weights")
    for name, question in QUESTIONS.items():
        new.add_argument(f"--{name}", help=question)
    new.add_argument(
        "--rights-statement", default="", help="for a .ddb: why you may extract its recordings, in your words"
    )
    new.add_argument("--force", action="store_true", help="replace an existing record")
    new.set_defaults(action=write_record)
    show = actions.add_parser("show", help="show what a record allows today; status 1 if it does not allow training")
    show.add_argument("path", type=Path, help="a record, the folder that holds it, or the folder of a run")
    show.set_defaults(action=show_record)
    revoke = actions.add_parser("revoke", help="withdraw consent; training and conversion are refused from then on")
    revoke.add_argument("who", help="the person's identifier, their record, or the folder or run that holds it")
    revoke.add_argument("--on", help="the day of withdrawal, YYYY-MM-DD (default: today)")
    revoke.add_argument("--logs", type=Path, default=Path("logs"), help="runs, beside those that the registry knows")
    revoke.add_argument("--data", type=Path, default=Path("data"), help="corpora, likewise")
    revoke.set_defaults(action=revoke_record)
    share = actions.add_parser("share", help="write the signed revocation list to a share, for others to name")
    share.add_argument("target", type=Path, help="such as /share/revoked.json; others name it in DUETTO_REVOKED")
    share.set_defaults(action=share_revocations)


def write_record(options: argparse.Namespace, console: Console) -> None:
    """Ask, check and write; without a terminal, a missing value is an error instead of a question."""
    place_for_record(options.path, options.force)  # before anything is asked
    given = {name: getattr(options, name) for name in QUESTIONS}
    answers = ask(given, input) if sys.stdin is not None and sys.stdin.isatty() else unasked(given)
    for sentence in record_consent(options.path, answers, options.rights_statement, options.force).say():
        console.print(sentence, markup=False, soft_wrap=True)


def ask(given: dict[str, str | None], answer: Callable[[str], str]) -> dict[str, str]:
    """The options, completed by questions; each question is repeated until the answer is valid.

    Raises:
        ConfigError: If the input ends before all questions are answered.
    """
    from duetto.errors import ConfigError

    answers = {}
    for name, question in QUESTIONS.items():
        text, problem = given[name], ""
        while text is None or (problem := problem_with(name, text)):
            try:
                text = answer(f"{problem}{question}: ").strip()
            except EOFError as error:
                raise ConfigError(
                    "The input ended before all questions were answered, so nothing was written. Start again."
                ) from error
        answers[name] = text
    return answers


def unasked(given: dict[str, str | None]) -> dict[str, str]:
    """The options without questions.

    Raises:
        ConfigError: If a required one is missing.
    """
    from duetto.errors import ConfigError

    missing = [name for name, text in given.items() if not text and name not in OPTIONAL]
    if missing:
        raise ConfigError(
            f"Without a terminal no questions can be asked: add {' '.join(f'--{name} …' for name in missing)} "
            "(`consent new --help` explains them)."
        )
    return {name: text or "" for name, text in given.items()}


def show_record(options: argparse.Namespace, console: Console) -> int:
    """Print a record and what it allows today; return 1 if it does not allow training."""
    from rich.table import Table

    from duetto.errors import CorpusError
    from duetto.ownership.consent import SCOPES, require_scope
    from duetto.ownership.gate import require_consent

    consent, origin = load_record(options.path)
    table = Table("what", title=str(origin), title_justify="left")
    table.add_column("value", overflow="fold")
    for name, value in consent.as_dict().items():
        if name != "members":
            table.add_row(name, ", ".join(value) if isinstance(value, list) else str(value or "–"))
    for member in consent.members:
        table.add_row("member", f"{member.subject}: {', '.join(member.scopes)} until {member.expires}")
    console.print(table)
    if consent.is_private and not (consent.evidence or consent.signature):
        console.print("  signed by nobody: neither `evidence` nor `signature` says how they agreed")
    may_train = False
    for scope in SCOPES:
        try:
            require_scope(consent, scope, date.today(), origin)
            require_consent(consent, scope, origin)
            console.print(f"  {scope}: allowed today")
            may_train |= scope == "train"
        except CorpusError:
            console.print(f"  {scope}: not allowed today")
    return 0 if may_train else 1


def revoke_record(options: argparse.Namespace, console: Console) -> None:
    """Withdraw a person's consent: on the revocation list, and in every record that the registry finds."""
    from duetto.ownership.revocation import own_list
    from duetto.runs.withdrawal import withdraw

    day = day_of_withdrawal(options.on, date.today())
    subjects, records = persons_named(options.who)
    for subject in subjects:
        reached = withdraw(subject, day, options.logs, options.data, records)
        console.print(f"Consent of {subject} withdrawn on {day}.", markup=False)
        for path in reached.records:
            console.print(f"  entered in {path}", markup=False, soft_wrap=True)
        for run in reached.runs:
            console.print(f"  voice of {run}: conversion is refused from now on", markup=False, soft_wrap=True)
        kinds = ", ".join(f"{number} {kind}" for kind, number in reached.kinds) or "nothing"
        console.print(f"Made from these recordings, and refused from now on: {kinds}.", markup=False)
        for place in reached.gone:
            console.print(f"  not there any more, perhaps moved: {place}", markup=False, soft_wrap=True)
    console.print(
        f"Out of reach: copies on other machines, and files that were sent away. Their users need {own_list()}: put it "
        "on a share with `consent share FILE`, and name it in DUETTO_REVOKED there. To remove everything that is "
        "here: `python -m duetto erase`.",
        markup=False,
        soft_wrap=True,
    )


def share_revocations(options: argparse.Namespace, console: Console) -> None:
    """Write this user's revocation list to a share, signed."""
    from duetto.ownership.revocation import share_list

    name = share_list(options.target)
    console.print(
        f"{options.target} written, signed with key {name}. Others name it in DUETTO_REVOKED and compare the key.",
        markup=False,
        soft_wrap=True,
    )


def day_of_withdrawal(given: str | None, today: date) -> str:
    """The day from which use is refused.

    Raises:
        ConfigError: If it is no day, or one to come, from which nothing can be refused today.
    """
    from duetto.errors import ConfigError

    try:
        day = date.fromisoformat(given) if given else today
    except ValueError as error:
        raise ConfigError(f"--on={given}: expected a day such as {today.isoformat()}.") from error
    if day > today:
        raise ConfigError(f"--on={given} is to come. Use that is allowed until then ends with `expires: {given}`.")
    return day.isoformat()


def persons_named(who: str) -> tuple[list[str], list[Path]]:
    """The persons of a record, or of the folder of recordings or run that holds one; else the identifier itself.

    Returns:
        Their identifiers, and the consent record if it is one.

    Raises:
        ConfigError: If the record is of a voice that belongs to nobody.
    """
    from duetto.errors import ConfigError
    from duetto.ownership.heritage import persons_of

    if not Path(who).exists():
        return [who], []
    consent, path = load_record(Path(who))
    persons = [person.subject for person in persons_of(consent)]
    if not persons:
        raise ConfigError(f"{path} is of a voice that belongs to nobody, so nobody can withdraw it.")
    return persons, [path] if path == record_path(Path(who)) else []


def load_record(path: Path) -> tuple[Any, Path]:
    """The record of a folder of recordings or of a run, and its file."""
    from duetto.ownership.consent import consent_from_dict
    from duetto.ownership.consent_file import read_record
    from duetto.storage.files import read_object
    from duetto.storage.run_folder import RunFolder

    run = RunFolder(path)
    if run.is_run and not record_path(path).is_file():
        return consent_from_dict(read_object(run.record).get("consent"), str(run.record)), run.record
    return read_record(record_path(path)), record_path(path)
