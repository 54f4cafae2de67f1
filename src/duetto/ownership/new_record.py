"""Writes a consent record from the answers of a person, however they were asked: in the terminal or in the app."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from duetto.errors import ConfigError
from duetto.ownership.consent import CONSENT_NAME, SCOPES, Consent, consent_from_dict, write_consent
from duetto.ownership.consent_file import statement_path
from duetto.ownership.revocation import lift_revocation
from duetto.storage.files import sha256_file

QUESTIONS = {
    "subject": "Whose voice is it? A pseudonym, such as singer-01",
    "controller": "Who is responsible for the data? Your name or organisation",
    "scopes": f"What do they allow? Some of {', '.join(SCOPES)}",
    "purposes": "For which purposes? Separated by commas",
    "territory": "Where may it be used? Empty for anywhere",
    "expires": "Until which day? YYYY-MM-DD",
    "evidence": "Which file holds their signed agreement? Its hash is recorded; empty for none",
    "signature": "How and when was it signed? Such as: on paper, 2026-11-24; empty if it was not",
}
OPTIONAL = ("territory", "evidence", "signature")
LISTS = ("scopes", "purposes")


@dataclass(frozen=True)
class NewRecord:
    """A record that was written."""

    path: Path
    consent: Consent
    withdrawal: str | None  # day of the person's withdrawal that it takes back; None = there was none

    def say(self) -> list[str]:
        """What was written, in sentences."""
        consent = self.consent
        said = [f"{self.path} written: {consent.subject} allows {', '.join(consent.scopes)} until {consent.expires}."]
        if self.withdrawal is not None:
            said.append(
                f"The withdrawal of {self.withdrawal} is taken back: voices that say so have to be trained again."
            )
        return said


def record_consent(
    place: Path, answers: Mapping[str, str], rights_statement: str = "", is_forced: bool = False
) -> NewRecord:
    """Check the answers and write the record.

    Args:
        place: The folder with the recordings, a .ddb, or a foreign file of weights.
        answers: A text for each of QUESTIONS.
        rights_statement: For a .ddb: why its recordings may be extracted.
        is_forced: Whether an existing record is replaced.

    Raises:
        ConfigError: If the record may not be written there, or the signed form does not exist.
        CorpusError: If an answer has the wrong form.
        StorageError: If the record cannot be written.
    """
    path = place_for_record(place, is_forced)
    record: dict[str, Any] = {**answers, "rights_statement": rights_statement}
    record |= {name: listed(answers[name]) for name in LISTS}
    record["evidence"] = evidence_hash(answers["evidence"])
    consent = consent_from_dict(record, str(path))
    write_consent(path, consent)
    return NewRecord(path, consent, lift_revocation(consent.subject))


def place_for_record(place: Path, is_forced: bool) -> Path:
    """Path of a record that may be written.

    Raises:
        ConfigError: If there is one already that is not to be replaced, or the place does not exist.
    """
    path = record_path(place)
    if path.exists() and not is_forced:
        raise ConfigError(f"{path} already exists. Show it with `consent show`, or replace it with --force.")
    if not place.exists():
        raise ConfigError(f"There is no {place}. Name the folder with the recordings.")
    return path


def record_path(path: Path) -> Path:
    """Path of the record for a folder, a .ddb, a foreign file of weights, or the record itself."""
    if path.is_dir():
        return path / CONSENT_NAME
    if path.suffix in (".yaml", ".yml"):
        return path
    return path.with_name(CONSENT_NAME) if path.suffix == ".ddb" else statement_path(path)


def problem_with(name: str, text: str) -> str:
    """What is wrong with the answer to one of QUESTIONS, as a sentence; empty if it is valid."""
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


def evidence_hash(name: str) -> str:
    """SHA-256 of the signed form, or the given hash itself; empty for none.

    Raises:
        ConfigError: If it is neither a file nor a hash.
    """
    is_hash = len(name) == 64 and set(name.lower()) <= set("0123456789abcdef")
    if not name or is_hash:
        return name
    if not Path(name).is_file():
        raise ConfigError(f"There is no file {name} to use as evidence. Name the signed form, or leave it empty.")
    return sha256_file(Path(name))
