"""The consent record of a corpus: what the owner of the voice allows.

A record is a short `consent.yaml` beside the recordings; `python -m duetto consent new` writes it. A synthetic voice
belongs to nobody: its record has `subject: none` and grants every scope. Reading is strict (unknown keys are refused),
because a misspelt `revoked_at` must not count as permission.
"""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from reprlib import repr as short  # nested YAML aliases must not flood the terminal
from typing import Any

import yaml

from duetto.errors import CorpusError
from duetto.storage.files import write_text

CONSENT_NAME = "consent.yaml"
SCOPES = ("train", "infer", "publish_audio", "publish_weights", "cloud_logging")
NO_SUBJECT = "none"  # a voice that belongs to no living person
MAX_BYTES = 1_000_000  # a record is one page; 10,000 recording hashes still fit

EXAMPLE = """\
subject: singer-01        # a pseudonym; `none` for a synthetic voice
controller: Your Name     # who is responsible for the data
scopes: [train, infer]    # also: publish_audio, publish_weights, cloud_logging
purposes: [research]
expires: {year}-12-31
"""


@dataclass(frozen=True)
class Consent:
    """The consent of one person; dates are ISO 8601 days."""

    subject: str  # pseudonym, or "none"
    controller: str  # who is responsible for the data
    scopes: tuple[str, ...]  # of SCOPES
    purposes: tuple[str, ...] = ()
    territory: str = ""
    expires: str | None = None  # last valid day; required unless the subject is "none"
    revoked_at: str | None = None  # day of withdrawal
    recordings: tuple[str, ...] = ()  # SHA-256 of the covered files; empty = all beside the record
    evidence: str = ""  # SHA-256 of the signed form
    signature: str = ""
    rights_statement: str = ""  # why the user may extract recordings from a singer database
    members: tuple["Consent", ...] = ()  # records of the single persons, in a corpus of several

    def as_dict(self) -> dict[str, Any]:
        """The record as JSON values; `rights_statement` and `members` are left out if empty."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        values = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
        values["members"] = [member.as_dict() for member in self.members]
        return {key: value for key, value in values.items() if value or key not in ("rights_statement", "members")}

    @property
    def is_private(self) -> bool:
        """Whether the voice belongs to a living person."""
        return self.subject != NO_SUBJECT


def join_consents(consents: Sequence[Consent]) -> Consent:
    """One record for a corpus of several persons: it allows what all of them allow, until the first record expires."""
    distinct = tuple(dict.fromkeys(consents))
    if len(distinct) == 1:
        return distinct[0]

    def joined(name: str) -> str:
        return ", ".join(sorted({text for consent in distinct if (text := getattr(consent, name))}))

    def common(name: str) -> tuple[str, ...]:
        return tuple(item for item in getattr(distinct[0], name) if all(item in getattr(c, name) for c in distinct))

    def earliest(name: str) -> str | None:
        return min((day for consent in distinct if (day := getattr(consent, name))), default=None)

    return Consent(
        subject=joined("subject"),
        controller=joined("controller"),
        scopes=common("scopes"),
        purposes=common("purposes"),
        territory=joined("territory"),
        expires=earliest("expires"),
        revoked_at=earliest("revoked_at"),
        members=distinct,
    )


def embedded_consent(controller: str = "duetto") -> Consent:
    """The record of an embedded, synthetic voice: no subject, all scopes."""
    return Consent(NO_SUBJECT, controller, SCOPES, purposes=("research",))


def example_consent(today: date) -> str:
    """An example record to copy and fill in, valid until the end of next year."""
    return EXAMPLE.format(year=today.year + 1)


def consent_from_dict(value: Any, origin: str = "The consent record") -> Consent:
    """Check a parsed record and build a `Consent` from it.

    Raises:
        CorpusError: If a key is unknown or missing, or a value has the wrong form.
    """
    if not isinstance(value, dict):
        raise CorpusError(
            f"{origin} is not a list of `key: value` lines. Minimum: subject, controller, scopes, expires."
        )
    known = {field.name for field in fields(Consent)}
    unknown = sorted(str(key) for key in value if key not in known)
    if unknown:
        raise CorpusError(f"{origin} has unknown keys {unknown}; expected some of {sorted(known)}.")
    missing = sorted(key for key in ("subject", "controller", "scopes") if value.get(key) in (None, "", []))
    if missing:
        raise CorpusError(f"{origin} lacks {missing}. Minimum: subject, controller, scopes, expires.")
    readers: dict[str, Callable[[Any, str], Any]] = {
        **dict.fromkeys(("scopes", "purposes", "recordings"), _read_names),
        **dict.fromkeys(("expires", "revoked_at"), _read_day),
        "members": _read_members,
    }
    record = {key: readers.get(key, _read_text)(item, f"{origin}: {key}") for key, item in value.items()}
    consent = Consent(**record)
    foreign = sorted(set(consent.scopes) - set(SCOPES))
    if foreign:
        raise CorpusError(f"{origin} grants unknown scopes {foreign}; expected some of {list(SCOPES)}.")
    persons = [member.subject for member in consent.members if member.is_private]
    if persons and not consent.is_private:
        raise CorpusError(
            f"{origin} says `subject: {NO_SUBJECT}` and holds records of {persons}. Name them as the subject."
        )
    if consent.expires is None and consent.subject != NO_SUBJECT:
        raise CorpusError(f"{origin} has no `expires`. Write the last valid day, such as `expires: 2030-12-31`.")
    return consent


def read_consent(path: Path) -> Consent:
    """Read a `consent.yaml`.

    Raises:
        CorpusError: If it is missing, not YAML, or not a consent record.
    """
    if not path.is_file():
        raise CorpusError(f"There is no consent record {path}: ask the singer, then {_how_to_write(path)}.")
    if path.stat().st_size > MAX_BYTES:
        raise CorpusError(f"{path} is larger than {MAX_BYTES} bytes: not a consent record.")
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise CorpusError(f"{path} is not valid YAML ({' '.join(str(error).split())}).") from error
    return consent_from_dict(value, str(path))


def write_consent(path: Path, consent: Consent) -> None:
    """Write a record atomically; `read_consent` reads it back."""
    write_text(path, yaml.safe_dump(consent.as_dict(), sort_keys=False, allow_unicode=True))


def _how_to_write(path: Path) -> str:
    if path.name != CONSENT_NAME:  # a voice's card, which holds a copy of the record
        return f"write their new {CONSENT_NAME} beside the recordings and train the voice again"
    return f"run `python -m duetto consent new {shlex.quote(str(path.parent))}`, which asks the questions"


def require_scope(consent: Consent, scope: str, today: date, path: Path = Path(CONSENT_NAME)) -> None:
    """Raise unless the record grants a scope on this day.

    Args:
        consent: The record.
        scope: One of SCOPES.
        today: The day.
        path: Path of the record, for the message.

    Raises:
        CorpusError: If it was revoked, has expired, or does not grant the scope.
    """
    if scope not in SCOPES:
        raise ValueError(f"unknown scope {scope!r}; expected one of {SCOPES}")
    if consent.revoked_at is not None and date.fromisoformat(consent.revoked_at) <= today:
        raise CorpusError(
            f"{consent.subject} withdrew consent on {consent.revoked_at} ({path}): the recordings and everything "
            f"made from them have to be erased; if they agree again, {_how_to_write(path)}."
        )
    if consent.expires is not None and date.fromisoformat(consent.expires) < today:
        raise CorpusError(
            f"The consent of {consent.subject} expired on {consent.expires} ({path}): ask again, then "
            f"{_how_to_write(path)}."
        )
    if scope not in consent.scopes:
        raise CorpusError(
            f"{consent.subject} allows {list(consent.scopes)}, not `{scope}` ({path}): ask, and if they agree, "
            f"{_how_to_write(path)}."
        )


def require_rights(consent: Consent, path: Path) -> None:
    """Raise unless the record states the user's right to extract from, or to build, a singer database.

    Licences of commercial databases generally forbid extraction, and no file records exceptions, so the user has to.

    Raises:
        CorpusError: If the record has no such statement.
    """
    if not consent.rights_statement.strip():
        raise CorpusError(
            f"There is no statement of the right to use {path}. "
            "Commercial singer databases generally forbid extraction. If you "
            f"hold the right, say why in {CONSENT_NAME}, such as `rights_statement: I recorded this database myself`."
        )


def _read_text(value: Any, origin: str) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise CorpusError(f"{origin} is {short(value)}; expected text.")
    return str(value)


def _read_names(value: Any, origin: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise CorpusError(f"{origin} is {short(value)}; expected a list such as [{SCOPES[0]}, {SCOPES[1]}].")
    return tuple(value)


def _read_members(value: Any, origin: str) -> tuple[Consent, ...]:
    if not isinstance(value, list) or any(isinstance(item, dict) and item.get("members") for item in value):
        raise CorpusError(f"{origin} is {short(value)}; expected the records of single persons.")
    return tuple(consent_from_dict(item, origin) for item in value)


def _read_day(value: Any, origin: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    try:
        return datetime.fromisoformat(value).date().isoformat()
    except (TypeError, ValueError) as error:
        raise CorpusError(f"{origin} is {short(value)}; expected a day such as 2030-12-31.") from error
