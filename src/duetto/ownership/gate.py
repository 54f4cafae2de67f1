"""The one gate before a voice or a recording is used: consent, expiry, and the revocation list.

Training, conversion, export, uploads and pages ask here. Weights of unknown owners may be trained from and converted
with, which the output's record says; for everything else somebody's permission is needed, and nobody gave it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from duetto.errors import CorpusError
from duetto.ownership.consent import Consent, require_scope
from duetto.ownership.heritage import Heritage, heritage_of, persons_of
from duetto.ownership.revocation import Revocations, read_revocations

FREE_TO_STRANGERS = ("train", "infer")  # scopes that weights of unknown owners are used without


def require_allowed(record: Mapping[str, Any], scope: str, path: Path, today: date | None = None) -> None:
    """Raise unless everyone in the heritage of a card or record grants a scope.

    Args:
        record: A voice's card, a run's record, or the record of an exported file.
        scope: One of SCOPES.
        path: Path of the record, for messages.
        today: The day; None = today.

    Raises:
        CorpusError: If a person's record lacks the scope, has expired or was revoked, or an owner is unknown.
    """
    require_heritage(heritage_of(record, str(path)), scope, path, today)


def is_allowed(record: Mapping[str, Any], scope: str, path: Path, today: date | None = None) -> bool:
    """Whether everyone in the heritage of a card or record grants a scope; arguments as of `require_allowed`."""
    try:
        require_allowed(record, scope, path, today)
    except CorpusError:
        return False
    return True


def require_heritage(heritage: Heritage, scope: str, path: Path, today: date | None = None) -> None:
    """The same for a heritage that was read before.

    Raises:
        CorpusError: As for `require_allowed`.
    """
    if heritage.unknown and scope not in FREE_TO_STRANGERS:
        raise CorpusError(
            f"Nobody knows whose voices are in {'; '.join(heritage.unknown)} ({path}), so nobody allowed `{scope}`. "
            "If you know, write their record with `python -m duetto consent new FILE`, then import or train again."
        )
    for person in heritage.persons:
        require_consent(person, scope, path, today)


def require_consent(consent: Consent, scope: str, path: Path, today: date | None = None) -> None:
    """Raise unless every person in a consent record grants a scope, and none of them is on the revocation list.

    Raises:
        CorpusError: If a record lacks the scope, has expired or was revoked.
    """
    revocations, day = read_revocations(), today or date.today()
    for person in persons_of(consent):
        require_scope(_as_revoked(person, revocations), scope, day, path)


def require_current(record: Mapping[str, Any], path: Path, today: date | None = None) -> None:
    """Raise if a person in the heritage of a card or record withdrew consent, or a record has expired.

    Raises:
        CorpusError: If so.
    """
    for person in heritage_of(record, str(path)).persons:
        require_consent(replace(person, scopes=("train",)), "train", path, today)


def require_not_withdrawn(recordings: Iterable[str], path: Path) -> None:
    """Raise if a recording is one of those whose singer withdrew consent, whatever the record beside it says.

    Args:
        recordings: SHA-256 of each.
        path: The folder, for the message.

    Raises:
        CorpusError: If so.
    """
    day = read_revocations().day_of_recordings(recordings)
    if day is not None:
        raise CorpusError(
            f"{path} holds recordings of somebody who withdrew consent on {day}, under another name. Erase them; if "
            "the singer agrees again, write their new record with `python -m duetto consent new`."
        )


def _as_revoked(person: Consent, revocations: Revocations) -> Consent:
    day = revocations.day_of(person.subject)
    return person if day is None else replace(person, revoked_at=min(day, person.revoked_at or day))
