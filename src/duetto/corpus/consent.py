"""Who allowed what with a voice: the consent record of a corpus.

A record is a short `consent.yaml` beside the recordings. A synthetic voice has nobody to ask:
its record says `subject: none` and grants every scope. Reading is strict (unknown keys are
refused), because a misspelt `revoked_at` must not look like a permission.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from pathlib import Path
from reprlib import repr as short  # a nest of YAML aliases must not fill the screen
from typing import Any

import yaml

from duetto.errors import CorpusError
from duetto.files import write_text

CONSENT_NAME = "consent.yaml"
SCOPES = ("train", "infer", "publish_audio", "publish_weights", "cloud_logging")
NO_SUBJECT = "none"  # a voice that belongs to no living person
MAX_BYTES = 1_000_000  # a record is one page; 10,000 recording hashes still fit

EXAMPLE = """\
subject: singer-01        # a pseudonym; `none` for a synthetic voice
controller: Your Name     # who answers for the data
scopes: [train, infer]    # also: publish_audio, publish_weights, cloud_logging
purposes: [research]
expires: {year}-12-31
"""


@dataclass(frozen=True)
class Consent:
    """What one person allowed; dates are ISO 8601 days."""

    subject: str  # pseudonym, or "none"
    controller: str  # who answers for the data
    scopes: tuple[str, ...]  # of SCOPES
    purposes: tuple[str, ...] = ()
    territory: str = ""
    expires: str | None = None  # last valid day; required unless the subject is "none"
    revoked_at: str | None = None  # day of withdrawal
    recordings: tuple[str, ...] = ()  # SHA-256 of the files covered; empty = all beside the record
    evidence: str = ""  # SHA-256 of the signed form
    signature: str = ""
    rights_statement: str = ""  # in the user's own words: why they may take a singer database apart

    def as_dict(self) -> dict[str, Any]:
        """The record as JSON-ready values; without a statement of rights it reads as before there was one."""
        values = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        return values if self.rights_statement else {k: v for k, v in values.items() if k != "rights_statement"}


def embedded_consent(controller: str = "duetto") -> Consent:
    """The record of an embedded, synthetic voice: no subject, every scope."""
    return Consent(NO_SUBJECT, controller, SCOPES, purposes=("research",))


def example_consent(today: date) -> str:
    """A record to copy and fill, valid to the end of next year."""
    return EXAMPLE.format(year=today.year + 1)


def consent_from_dict(value: Any, origin: str = "The consent record") -> Consent:
    """Check a parsed record.

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
    }
    record = {key: readers.get(key, _read_text)(item, f"{origin}: {key}") for key, item in value.items()}
    consent = Consent(**record)
    foreign = sorted(set(consent.scopes) - set(SCOPES))
    if foreign:
        raise CorpusError(f"{origin} grants unknown scopes {foreign}; expected some of {list(SCOPES)}.")
    if consent.expires is None and consent.subject != NO_SUBJECT:
        raise CorpusError(f"{origin} has no `expires`. Write the last valid day, such as `expires: 2030-12-31`.")
    return consent


def read_consent(path: Path, today: date) -> Consent:
    """Read a `consent.yaml`.

    Args:
        path: The record.
        today: Only for the example that the message shows when there is none.

    Raises:
        CorpusError: If it is absent, no YAML, or not a consent record.
    """
    if not path.is_file():
        raise CorpusError(
            f"There is no consent record {path}. Ask the singer, then write one such as:\n{example_consent(today)}"
        )
    if path.stat().st_size > MAX_BYTES:
        raise CorpusError(f"{path} is larger than {MAX_BYTES} bytes: not a consent record.")
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise CorpusError(f"{path} is not valid YAML ({' '.join(str(error).split())}).") from error
    return consent_from_dict(value, str(path))


def write_consent(path: Path, consent: Consent) -> None:
    """Write a record atomically; `read_consent` gives the same one back."""
    write_text(path, yaml.safe_dump(consent.as_dict(), sort_keys=False, allow_unicode=True))


def require_scope(consent: Consent, scope: str, today: date) -> None:
    """Pass only if the record grants a scope on this day.

    Raises:
        CorpusError: If it was revoked, is expired, or the scope is not granted.
    """
    if scope not in SCOPES:
        raise ValueError(f"unknown scope {scope!r}; expected one of {SCOPES}")
    remedy = f"Ask again and write the answer into {CONSENT_NAME}."
    if consent.revoked_at is not None and date.fromisoformat(consent.revoked_at) <= today:
        raise CorpusError(
            f"{consent.subject} withdrew consent on {consent.revoked_at}: the recordings and all that came of them "
            f"have to be erased."
        )
    if consent.expires is not None and date.fromisoformat(consent.expires) < today:
        raise CorpusError(f"The consent of {consent.subject} expired on {consent.expires}. {remedy}")
    if scope not in consent.scopes:
        raise CorpusError(
            f"{consent.subject} allows {list(consent.scopes)}, not `{scope}`. "
            f"If they agree, add `{scope}` to `scopes:` in {CONSENT_NAME}."
        )


def require_rights(consent: Consent, path: Path) -> None:
    """Pass only if the record states the user's right to take apart, or to make, a singer database.

    Licences of commercial databases generally forbid extraction, and no file says who may: so the user does.

    Raises:
        CorpusError: If the record has no such statement.
    """
    if not consent.rights_statement.strip():
        raise CorpusError(
            f"Nobody states the right to use {path}. Commercial singer databases generally forbid extraction. If you "
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
