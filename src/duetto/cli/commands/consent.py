"""`python -m duetto consent new | show | revoke`: writes, shows or revokes consent records of voices."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

DOCS = {
    "subject": "Whose voice is it? A pseudonym, such as singer-01",
    "controller": "Who is responsible for the data? Your name or organisation",
    "scopes": "What do they allow? Some of train, infer, publish_audio, publish_weights, cloud_logging",
    "purposes": "For which purposes? Separated by commas",
    "territory": "Where may it be used? Empty for anywhere",
    "expires": "Until which day? YYYY-MM-DD",
    "evidence": "Which file holds their signed agreement? Its hash is recorded; empty for none",
    "signature": "How and when was it signed? Such as: on paper, 2026-11-24; empty if it was not",
}
OPTIONAL = ("territory", "evidence", "signature")


def register(verbs: Any) -> None:
    """Add the verb and its three actions to the parser."""
    parser = verbs.add_parser("consent", help="write, show or revoke the consent record of a voice")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    new = actions.add_parser("new", help="write consent.yaml; asks for values not given as options")
    new.add_argument("path", type=Path, help="the folder with the recordings, or a .ddb file")
    for name, question in DOCS.items():
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
    revoke.add_argument("path", type=Path, help="a record, or the folder that holds it")
    revoke.add_argument("--on", help="the day of withdrawal, YYYY-MM-DD (default: today)")
    revoke.add_argument(
        "--logs", type=Path, default=Path("logs"), help="runs in whose voices the withdrawal is entered"
    )
    revoke.set_defaults(action=revoke_record)


def write_record(options: argparse.Namespace, console: Console) -> None:
    """Ask, check and write; without a terminal, a missing value is an error instead of a question."""
    from duetto.errors import ConfigError
    from duetto.ownership.consent import consent_from_dict, write_consent

    path = record_path(options.path)
    if path.exists() and not options.force:
        raise ConfigError(f"{path} already exists. Show it with `consent show`, or replace it with --force.")
    if not options.path.exists():
        raise ConfigError(f"There is no {options.path}. Name the folder with the recordings.")
    given = {name: getattr(options, name) for name in DOCS}
    answers = ask(given, input) if sys.stdin is not None and sys.stdin.isatty() else unasked(given)
    record: dict[str, Any] = {**answers, "rights_statement": options.rights_statement}
    record |= {name: listed(answers[name]) for name in ("scopes", "purposes")}
    record["evidence"] = evidence_hash(answers["evidence"])
    consent = consent_from_dict(record, str(path))
    write_consent(path, consent)
    console.print(
        f"{path} written: {consent.subject} allows {', '.join(consent.scopes)} until {consent.expires}.",
        markup=False,
        soft_wrap=True,
    )


def ask(given: dict[str, str | None], answer: Callable[[str], str]) -> dict[str, str]:
    """The options, completed by questions; each question is repeated until the answer is valid.

    Raises:
        ConfigError: If the input ends before all questions are answered.
    """
    from duetto.errors import ConfigError

    answers = {}
    for name, question in DOCS.items():
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


def problem_with(name: str, text: str) -> str:
    """What is wrong with an answer, as the start of the next question; empty if it is valid."""
    from duetto.ownership.consent import SCOPES

    if not text:
        return "" if name in OPTIONAL else "An answer is needed. "
    if name == "scopes" and (foreign := sorted(set(listed(text)) - set(SCOPES))):
        return f"{', '.join(foreign)}: no such scope. "
    if name == "expires":
        try:
            date.fromisoformat(text)
        except ValueError:
            return f"{text} is not a day such as 2030-12-31. "
    return ""


def listed(text: str) -> list[str]:
    """Split words at commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


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


def evidence_hash(name: str) -> str:
    """SHA-256 of the signed form, or the given hash itself; empty for none.

    Raises:
        ConfigError: If it is neither a file nor a hash.
    """
    from duetto.errors import ConfigError
    from duetto.storage.files import sha256_file

    is_hash = len(name) == 64 and set(name.lower()) <= set("0123456789abcdef")
    if not name or is_hash:
        return name
    if not Path(name).is_file():
        raise ConfigError(f"There is no file {name} to use as evidence. Name the signed form, or leave it empty.")
    return sha256_file(Path(name))


def show_record(options: argparse.Namespace, console: Console) -> int:
    """Print a record and what it allows today; return 1 if it does not allow training."""
    from rich.table import Table

    from duetto.errors import CorpusError
    from duetto.ownership.consent import SCOPES, require_scope

    consent, origin = load_record(options.path)
    table = Table("what", title=str(origin), title_justify="left")
    table.add_column("value", overflow="fold")
    for name, value in consent.as_dict().items():
        if name != "members":
            table.add_row(name, ", ".join(value) if isinstance(value, list) else str(value or "–"))
    for member in consent.members:
        table.add_row("member", f"{member.subject}: {', '.join(member.scopes)} until {member.expires}")
    console.print(table)
    may_train = False
    for scope in SCOPES:
        try:
            require_scope(consent, scope, date.today(), origin)
            console.print(f"  {scope}: allowed today")
            may_train |= scope == "train"
        except CorpusError:
            console.print(f"  {scope}: not allowed today")
    return 0 if may_train else 1


def revoke_record(options: argparse.Namespace, console: Console) -> None:
    """Enter the withdrawal into the record and into the voices that were trained on it."""
    from duetto.ownership.consent import consent_from_dict, read_consent, write_consent
    from duetto.voices.permission import withdraw

    path = record_path(options.path)
    consent = read_consent(path)
    record = consent.as_dict() | {"revoked_at": options.on or date.today().isoformat()}
    revoked = replace(consent, revoked_at=consent_from_dict(record, "--on").revoked_at)
    write_consent(path, revoked)
    console.print(f"{path}: consent of {revoked.subject} withdrawn on {revoked.revoked_at}.", markup=False)
    for run in withdraw(revoked, options.logs):
        console.print(f"  voice of {run}: conversion is refused from now on", markup=False)
    console.print("The recordings, and the caches (data/), voices and outputs made from them, have to be erased.")


def record_path(path: Path) -> Path:
    """Path of the record for a folder, a .ddb, or the record itself."""
    from duetto.ownership.consent import CONSENT_NAME

    if path.is_dir():
        return path / CONSENT_NAME
    return path if path.suffix in (".yaml", ".yml") else path.with_name(CONSENT_NAME)


def load_record(path: Path) -> tuple[Any, Path]:
    """The record of a folder of recordings or of a run, and its file."""
    from duetto.ownership.consent import consent_from_dict, read_consent
    from duetto.storage.files import read_object
    from duetto.storage.run_folder import RunFolder

    run = RunFolder(path)
    if run.is_run and not record_path(path).is_file():
        return consent_from_dict(read_object(run.record).get("consent"), str(run.record)), run.record
    return read_consent(record_path(path)), record_path(path)
